# SPDX-License-Identifier: BSL-1.0
# What one types into the first of two terminals: bind, listen, accept, send. Then the same without connections: a
# datagram socket says nothing until somebody writes to it, and answers to where that came from.

from socket import AF_INET, SO_REUSEADDR, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, socket
import sys

listener = socket(AF_INET, SOCK_STREAM)
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
listener.listen(1)
print("listening on %s:%d" % listener.getsockname(), flush=True)
datagrams = socket(AF_INET, SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 0))
print("datagrams to %s:%d" % datagrams.getsockname(), flush=True)

client, peer = listener.accept()
print("connected from %s:%d" % peer, flush=True)
print(client.send(b"Good day to you, other terminal"), "bytes sent", flush=True)

data, sender = datagrams.recvfrom(1024)
print("%s:%d" % sender, "writes:", data.decode(), flush=True)
datagrams.sendto(b"received", sender)

for each in client, datagrams, listener:
    each.close()
