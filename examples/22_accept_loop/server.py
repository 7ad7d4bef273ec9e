# SPDX-License-Identifier: BSL-1.0
# A listener that never blocks: greet whoever waits, and once accept would block let select() wait for the next.

import select
import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
listener.setblocking(False)
print("listening on %s:%d" % listener.getsockname(), flush=True)
while True:
    try:
        client, peer = listener.accept()
    except BlockingIOError:
        print("nobody waits: accept would block", flush=True)
        select.select([listener], [], [])
    else:
        print("connected from %s:%d" % peer, flush=True)
        with client:
            client.sendall(b"welcome\n")
