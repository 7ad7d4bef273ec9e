# SPDX-License-Identifier: BSL-1.0
# Sends each line that is typed over a connection of its own, or as a datagram, and prints the line that comes back.

import socket
import sys

if len(sys.argv) < 3:
    sys.exit("usage: client.py HOST PORT [udp]")
server = sys.argv[1], int(sys.argv[2])
kind = socket.SOCK_DGRAM if sys.argv[3:] == ["udp"] else socket.SOCK_STREAM
while line := sys.stdin.readline().rstrip("\n"):
    with socket.socket(socket.AF_INET, kind) as connection:
        connection.connect(server)
        connection.sendall(line.encode() + b"\r\n")
        with connection.makefile("rb") as answers:
            print(answers.readline().rstrip(b"\r\n").decode(), flush=True)
