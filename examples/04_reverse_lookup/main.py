# SPDX-License-Identifier: BSL-1.0
# From an address to its names, for IPv4 and IPv6. An address without a name raises herror, a name without an address
# gaierror.

import socket
import sys

for host in sys.argv[1:] or ["127.0.0.1", "::1", "192.0.2.255"]:
    try:
        name, aliases, addresses = socket.gethostbyaddr(host)
        print(host, "is", name)
        for alias in aliases:
            print("  also known as", alias)
        for address in addresses:
            print("  at", address)
    except socket.herror:
        print(host, "has no name")
    except socket.gaierror:
        print(host, "is no address, nor the name of one")
