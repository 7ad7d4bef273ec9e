# SPDX-License-Identifier: BSL-1.0
# A connection as a file: lines, counts of bytes, buffered writing. File and socket may be closed apart; the connection
# lives as long as either. The socket's limit holds for its files, and after a read has timed out no more is read.

import socket
from socket import MSG_DONTWAIT, MSG_PEEK, SHUT_WR

here, there = socket.socketpair()
writer = here.makefile("wb")
reader = there.makefile("rb")

writer.write(b"first line\nsecond line\n12345")
try:
    there.recv(1, MSG_PEEK | MSG_DONTWAIT)
    print("before flush: something came")
except BlockingIOError:
    print("before flush: nothing came")
writer.flush()
print("a line:", reader.readline().decode(), end="")
print("another:", reader.readline().decode(), end="")
print("three bytes:", reader.read(3).decode())

there.close()
print("the socket is closed, the file goes on:", reader.read(2).decode())
writer.close()
here.sendall(b"the file is closed, the socket goes on")
here.shutdown(SHUT_WR)
print(reader.read().decode())
reader.close()
here.close()

one, other = socket.socketpair()
at_once = one.makefile("wb", 0)
at_once.write(b"unbuffered, no flush needed\n")
other.settimeout(0.01)
limited = other.makefile("rb")
print(limited.readline().decode(), end="")
try:
    limited.readline()
except TimeoutError:
    print("readline timed out")
try:
    limited.readline()
except OSError:
    print("readline is refused from then on")
for each in at_once, limited, one, other:
    each.close()
