# SPDX-License-Identifier: BSL-1.0
# Hears what is broadcast to a port, and answers whoever sent it.

import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
    port.bind(("", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    print("listening on %s:%d" % port.getsockname(), flush=True)
    while True:
        data, sender = port.recvfrom(1024)
        print("%s:%d" % sender, "called:", data.decode(), flush=True)
        port.sendto(b"I am here", sender)
