# SPDX-License-Identifier: BSL-1.0
# The name of this machine, and the IPv4 address of each name given. A name that nobody knows is an error that says so,
# with its number; the loop goes on.

import socket
import sys

print("this machine is", socket.gethostname())
for host in sys.argv[1:] or [socket.gethostname(), "localhost", "127.0.0.1", "nobody.invalid"]:
    try:
        print(host, "is", socket.gethostbyname(host))
    except socket.gaierror as error:
        print(f"resolve '{host}': {error.strerror.lower()} ({error.errno})")
