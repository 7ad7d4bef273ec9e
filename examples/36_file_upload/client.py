# SPDX-License-Identifier: BSL-1.0
# Sends files over one connection, and says what the server says of each.

import os
import socket
import struct
import sys

from protocol import ANSWER, GO, GREETING, OFFER, PREFIX, VERDICTS, WHOLE, read_frame, sha256_of, write_frame


def send(connection, path):
    """The verdict."""
    size, name = os.path.getsize(path), os.fsencode(os.path.basename(path))
    write_frame(connection, OFFER, struct.pack(">Q", size) + name)
    kind, body = read_frame(connection, (GO, ANSWER))
    if kind == GO and struct.unpack(">Q", body)[0] > 0:  # some is there: is it the same?
        write_frame(connection, PREFIX, sha256_of(path, struct.unpack(">Q", body)[0]))
        kind, body = read_frame(connection, (GO, ANSWER))
    if kind == ANSWER:
        return body[0]
    with open(path, "rb") as file:
        connection.sendfile(file, struct.unpack(">Q", body)[0])
    write_frame(connection, WHOLE, sha256_of(path, size))
    return read_frame(connection, (ANSWER,))[1][0]


if len(sys.argv) < 4:
    sys.exit("usage: client.py HOST PORT FILE...")
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    connection.sendall(GREETING)
    for path in sys.argv[3:]:
        verdict = send(connection, path)
        print(f"{os.path.basename(path)}, {os.path.getsize(path)} bytes: {VERDICTS[verdict]}", flush=True)
