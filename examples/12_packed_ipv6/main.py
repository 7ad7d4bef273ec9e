# SPDX-License-Identifier: BSL-1.0
# IPv6 addresses as sixteen bytes, shown in hex, and as text again: the short form, whatever it was before.

import socket
from socket import AF_INET6

for text in ["2002:ac10:10a:1234:21e:52ff:fe74:40e", "2001:db8:0:0:0:0:0:1", "::ffff:192.0.2.1", "::"]:
    packed = socket.inet_pton(AF_INET6, text)
    print("text    ", text)
    print("packed  ", packed.hex())
    print("unpacked", socket.inet_ntop(AF_INET6, packed))
    print()
try:
    socket.inet_pton(AF_INET6, "2001:db8:::1")
except OSError as error:
    print(error)
try:
    socket.inet_ntop(AF_INET6, b"four")
except ValueError as error:
    print(error)
