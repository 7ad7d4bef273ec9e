# SPDX-License-Identifier: BSL-1.0
# Asks what time it is with each line that is typed, one datagram each, and quits on an empty line.

import socket
import sys

if len(sys.argv) < 3:
    sys.exit("usage: client.py HOST PORT")
server = sys.argv[1], int(sys.argv[2])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    while line := sys.stdin.readline().rstrip("\n"):
        client.sendto(line.encode(), server)
        print(client.recvfrom(1024)[0].decode(), flush=True)
