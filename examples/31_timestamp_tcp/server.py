# SPDX-License-Identifier: BSL-1.0
# Says everything back with the time in front, to one client after another.

import socket
import sys
from time import ctime

listener = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
print("listening on %s:%d" % listener.getsockname(), flush=True)
while True:
    client, peer = listener.accept()
    with client:
        print("connected from %s:%d" % peer, flush=True)
        while data := client.recv(1024):
            client.sendall(f"[{ctime()}] ".encode() + data)
        print("%s:%d left" % peer, flush=True)
