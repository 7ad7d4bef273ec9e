# SPDX-License-Identifier: BSL-1.0
# The ways to come by a socket: new, as one of a pair, from a descriptor, as a duplicate; and what is left of one that
# was closed. Started by inetd, a program finds its connection as standard input.

import os
import socket
from socket import AF_INET, SOCK_STREAM


def show(what, s):
    print(f"{what}: {s.family.name} {s.type.name}, protocol {s.proto}")


with socket.socket() as s:
    show("as it comes", s)
with socket.socket(AF_INET, SOCK_STREAM, socket.getprotobyname("tcp")) as s:
    show("by the name of a protocol", s)

one, other = socket.socketpair()
show("one of a pair", one)
again = one.dup()
print("a duplicate has", "the same" if again.fileno() == one.fileno() else "another", "descriptor")
one.close()
again.sendall(b"sent by the duplicate")
print(other.recv(1024).decode())
try:
    one.send(b"too late")
except OSError as error:
    print(f"closed: number {one.fileno()}, error {error.errno}")

from_number = socket.socket(fileno=other.detach())
show("from a descriptor", from_number)

try:
    with socket.socket(fileno=0) as visitor:
        show("standard input", visitor)
        visitor.sendall(b"good day, from the service that inetd started\n")
        print("heard:", visitor.recv(1024).decode())
except OSError as error:
    print("standard input:", os.strerror(error.errno))

for each in again, from_number:
    each.close()
