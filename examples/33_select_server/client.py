# SPDX-License-Identifier: BSL-1.0
# Sends three numbered messages, with a pause after each if one is asked for, and prints the answers.

import socket
import sys
import time

if len(sys.argv) < 3:
    sys.exit("usage: client.py HOST PORT [SECONDS]")
pause = float(sys.argv[3]) if len(sys.argv) > 3 else 0
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    for i in range(1, 4):
        connection.sendall(b"number %d" % i)
        print(connection.recv(1024).decode(), flush=True)
        time.sleep(pause)
