# SPDX-License-Identifier: BSL-1.0
# Prints what the server says until it has finished.

import socket
import sys

if len(sys.argv) < 3:
    sys.exit("usage: client.py HOST PORT")
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    while data := connection.recv(1024):
        print(data.decode(), end="")
