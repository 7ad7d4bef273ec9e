# SPDX-License-Identifier: BSL-1.0
# Sends each line that is typed and prints the answer, until an empty line.

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
