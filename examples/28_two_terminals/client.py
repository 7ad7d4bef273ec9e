# SPDX-License-Identifier: BSL-1.0
# What one types into the second of two terminals: connect and receive. A datagram socket may be connected as well:
# that names its peer, and then send and recv do.

from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM, socket
import sys

if len(sys.argv) < 4:
    sys.exit("usage: client.py HOST PORT DATAGRAM_PORT")
with socket(AF_INET, SOCK_STREAM) as stream:
    stream.connect((sys.argv[1], int(sys.argv[2])))
    print("%s:%d" % stream.getpeername(), "says:", stream.recv(1024).decode())

with socket(AF_INET, SOCK_DGRAM) as datagrams:
    datagrams.connect((sys.argv[1], int(sys.argv[3])))
    print(datagrams.send(b"a postcard"), "bytes sent")
    print("%s:%d" % datagrams.getpeername(), "answers:", datagrams.recv(1024).decode())
