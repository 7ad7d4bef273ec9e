# SPDX-License-Identifier: BSL-1.0
# The service of a port, as the beginning of a URL. Ports that the services file does not name are an error: 666 was
# doom's, and few files still say so.

import socket

for port in [80, 443, 21, 70, 25, 143, 993, 110, 995, 666]:
    try:
        print(f"{socket.getservbyport(port)}://example.org/")
    except OSError as error:
        print(f"port {port}: {error}")
print("port 53 over udp is", socket.getservbyport(53, "udp"))
try:
    socket.getservbyport(65536)
except OverflowError as error:
    print(error)
