# SPDX-License-Identifier: BSL-1.0
# One client at a time: the others wait in the backlog until this one has left. A client that breaks its connection
# ends itself only.

import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), backlog=5)
print("listening on %s:%d" % listener.getsockname(), flush=True)
while True:
    client, (host, port) = listener.accept()
    print(f"connected from {host}:{port}", flush=True)
    with client:
        try:
            while data := client.recv(1024):
                print(f"{host}:{port} says: {data.decode()}", flush=True)
                client.sendall(data + b" (received)")
            print(f"{host}:{port} left", flush=True)
        except ConnectionError:
            print(f"{host}:{port} broke the connection", flush=True)
