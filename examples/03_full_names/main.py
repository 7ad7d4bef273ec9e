# SPDX-License-Identifier: BSL-1.0
# The full name of a host, or of this machine: the first of its names with a dot in it. A name that leads nowhere comes
# back as it is.

import socket
import sys

print("this machine is", socket.getfqdn())
for host in sys.argv[1:]:
    print(host, "is", socket.getfqdn(host))
