# SPDX-License-Identifier: BSL-1.0
# The smallest server: thank each client for coming, and say goodbye. create_server() reuses the address, so that it
# can be stopped and started again at once on the same port.

import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
print("listening on %s:%d" % listener.getsockname(), flush=True)
while True:
    client, peer = listener.accept()
    with client:
        print("connected from %s:%d" % peer, flush=True)
        client.sendall(b"thanks for dropping in")
