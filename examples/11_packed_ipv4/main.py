# SPDX-License-Identifier: BSL-1.0
# IPv4 addresses as four bytes, shown in hex, and as text again. What is neither raises.

import socket

for text in ["192.168.1.1", "127.0.0.1", "222.76.216.16"]:
    packed = socket.inet_aton(text)
    print("text    ", text)
    print("packed  ", packed.hex())
    print("unpacked", socket.inet_ntoa(packed))
    print()
try:
    socket.inet_aton("1970. 76.216.16")
except OSError as error:
    print(error)
try:
    socket.inet_ntoa(b"five!")
except OSError as error:
    print(error)
