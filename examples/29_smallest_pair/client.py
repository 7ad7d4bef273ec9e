# SPDX-License-Identifier: BSL-1.0
# The smallest client: connect, print, done.

import socket
import sys

if len(sys.argv) < 3:
    sys.exit("usage: client.py HOST PORT")
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    print(connection.recv(1024).decode())
