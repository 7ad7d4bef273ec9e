# SPDX-License-Identifier: BSL-1.0
# From a socket's address to names of host and service, or to numbers, as the flags say.

import ipaddress
import socket
import sys
from socket import NI_DGRAM, NI_NAMEREQD, NI_NUMERICHOST, NI_NUMERICSERV


def show(address, how, flags):
    shown = ("[%s]:%d" if ":" in address[0] else "%s:%d") % address
    print(f"{shown} {how}: ", end="")
    try:
        print(*socket.getnameinfo(address, flags), sep=", ")
    except socket.gaierror as error:
        print(f"name of {shown}: {error.strerror.lower()}")


host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
try:
    ipaddress.ip_address(host)
except ValueError:
    print(f"'{host}' is no IPv4 or IPv6 address")
    sys.exit()
unknown = "192.0.2.255", 54321
show((host, 80), "by names", 0)
show((host, 80), "by numbers", NI_NUMERICHOST | NI_NUMERICSERV)
show((host, 80), "with a numeric service", NI_NUMERICSERV)
show(unknown, "by names, where there are none", 0)
show(unknown, "by names or not at all", NI_NAMEREQD)
show((host, 512), "as a stream", NI_NUMERICHOST)
show((host, 512), "as a datagram", NI_NUMERICHOST | NI_DGRAM)
