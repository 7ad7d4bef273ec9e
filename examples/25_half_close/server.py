# SPDX-License-Identifier: BSL-1.0
# The other side of a half close: reading ends with an empty result, and writing still works.

import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # little room for each connection
print("listening on %s:%d" % listener.getsockname(), flush=True)
while True:
    client, (host, port) = listener.accept()
    with client:
        total = 0
        while data := client.recv(65536):
            total += len(data)
        print(f"{host}:{port} has finished after {total} bytes", flush=True)
        client.sendall(b"thank you for %d bytes" % total)
