# SPDX-License-Identifier: BSL-1.0
# send() takes what there is room for and says how much, sendall() takes the rest; shutdown(SHUT_WR) then says "that
# was all" while the way back stays open.

import socket
import sys

if len(sys.argv) < 3:
    sys.exit("usage: client.py HOST PORT")
text = b"x" * (4 << 20)
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10) as connection:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    sent = connection.send(text)
    print("send took", "a part" if sent < len(text) else "everything")
    connection.sendall(memoryview(text)[sent:])
    print("sendall took the rest")

    connection.shutdown(socket.SHUT_WR)
    try:
        connection.send(b"one more")
    except BrokenPipeError:
        print("nothing more can be sent")
    while answer := connection.recv(1024):
        print(answer.decode(), end="")
    print()
