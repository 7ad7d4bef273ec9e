# SPDX-License-Identifier: BSL-1.0
# The protocol of bight/file_transfer.h, in Python: frames of a type, flags, a length and a body.

import hashlib
import struct

GREETING = b"BIGHTFT\x01"
OFFER, GO, PREFIX, WHOLE, ANSWER = range(1, 6)
VERDICTS = ("received", "already there", "the name is refused", "another file has the name", "too large", "too many files",
            "no space left", "somebody else is sending it", "the checksums differ", "the receiver has failed",
            "the receiver did not understand", "too slow")


def write_frame(connection, kind, body):
    connection.sendall(struct.pack(">BBH", kind, 0, len(body)) + body)


def write_number(connection, kind, number):
    write_frame(connection, kind, struct.pack(">Q", number))


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionResetError("the peer has ended")
        data += part
    return data


def read_frame(connection, kinds):
    """The type and the body; None where the peer has finished."""
    first = connection.recv(1)
    if not first:
        return None
    kind, _, length = struct.unpack(">BBH", first + read_exactly(connection, 3))
    if kind not in kinds or length > 8 + 4096:
        raise ValueError("a frame out of order")
    return kind, read_exactly(connection, length)


def sha256_of(path, size):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while size > 0 and (part := file.read(min(1 << 16, size))):
            digest.update(part)
            size -= len(part)
    return digest.digest()
