# SPDX-License-Identifier: BSL-1.0
# Asks what time it is with each line that is typed, and quits on an empty one.

import socket
import sys

if len(sys.argv) < 3:
    sys.exit("usage: client.py HOST PORT")
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    while line := sys.stdin.readline().rstrip("\n"):
        connection.sendall(line.encode())
        answer = connection.recv(1024)
        if not answer:
            break
        print(answer.decode(), flush=True)
