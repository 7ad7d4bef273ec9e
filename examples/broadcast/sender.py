# SPDX-License-Identifier: BSL-1.0
# Calls every host of a network at once, and prints who answers first. A socket must be told that it may do so.

import socket
import sys

if len(sys.argv) < 3:
    sys.exit("usage: sender.py BROADCAST_ADDRESS PORT")
everybody = sys.argv[1], int(sys.argv[2])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(5)
    try:
        s.sendto(b"is anybody there?", everybody)
    except PermissionError:
        print("not without SO_BROADCAST", flush=True)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    print(s.sendto(b"is anybody there?", everybody), "bytes sent to everybody", flush=True)
    answer, peer = s.recvfrom(1024)
    print("%s:%d" % peer, "answers:", answer.decode(), flush=True)
