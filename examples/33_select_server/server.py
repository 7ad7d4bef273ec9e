# SPDX-License-Identifier: BSL-1.0
# Many clients in one thread: select() says who can be read and who can be written. Each client has a queue of answers
# and is watched for writing only while something is in it, so that an idle server sleeps.

import select
import socket
import sys
from collections import deque

listener = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
listener.setblocking(False)
print("listening on %s:%d" % listener.getsockname(), flush=True)
clients = {}  # socket: its peer and its answers


def leave(client, how):
    print(clients.pop(client)[0] + how, flush=True)
    client.close()


while True:
    readers = [listener, *clients]
    writers = [client for client, (_, answers) in clients.items() if answers]
    readable, writable, exceptional = select.select(readers, writers, readers)

    for ready in readable:
        try:
            if ready is listener:
                client, peer = listener.accept()
                client.setblocking(False)
                clients[client] = ("%s:%d" % peer, deque())
                print("connected from %s:%d" % peer, flush=True)
                continue
            data = ready.recv(1024)
        except OSError:
            if ready is not listener:  # there, it was gone again before we came to it
                leave(ready, " broke the connection")
            continue
        if data:
            peer, answers = clients[ready]
            print(peer, "says:", data.decode(), flush=True)
            answers.append(data + b" (received)")
        else:
            leave(ready, " left")
    for client in writable:
        if client not in clients:  # left a moment ago
            continue
        peer, answers = clients[client]
        try:
            sent = client.send(answers[0])
        except OSError:
            leave(client, " broke the connection")
            continue
        answers[0] = answers[0][sent:]
        if not answers[0]:
            answers.popleft()
        if not answers:
            print("nothing more for", peer, flush=True)
    for client in exceptional:
        if client in clients:
            leave(client, " sent urgent data")
