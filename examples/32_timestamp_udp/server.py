# SPDX-License-Identifier: BSL-1.0
# The timestamp server without connections: no listen, no accept; each datagram says where its answer goes.

import socket
import sys
from time import ctime

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
print("listening on %s:%d" % server.getsockname(), flush=True)
while True:
    data, peer = server.recvfrom(1024)
    print(len(data), "bytes from %s:%d" % peer, flush=True)
    server.sendto(f"[{ctime()}] ".encode() + data, peer)
