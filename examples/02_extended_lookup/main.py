# SPDX-License-Identifier: BSL-1.0
# All that is known of a host: the canonical name, the other names, and its IPv4 addresses. Either list may be empty.

import socket
import sys

for host in sys.argv[1:] or ["localhost", "127.0.0.1"]:
    try:
        name, aliases, addresses = socket.gethostbyname_ex(host)
        print(host, "is", name)
        for alias in aliases:
            print("  also known as", alias)
        for address in addresses:
            print("  at", address)
    except socket.gaierror as error:
        print(f"resolve '{host}': {error.strerror.lower()}")
