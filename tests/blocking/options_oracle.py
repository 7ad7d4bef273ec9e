# SPDX-License-Identifier: BSL-1.0
"""CPython's getsockopt() and setsockopt() on descriptors that this process has inherited.

get FD:LEVEL:OPTION[:SIZE]...: a line for each, the number, or with a size the bytes in hex; the errno as "!N".
set FD:LEVEL:OPTION:VALUE...: VALUE a number, or bytes in hex after an "x".
"""

import socket
import sys


def get(stream, level, option, size=None):
    try:
        if size is None:
            return stream.getsockopt(int(level), int(option))
        return stream.getsockopt(int(level), int(option), int(size)).hex()
    except OSError as refused:
        return f"!{refused.errno}"


def change(stream, level, option, value):
    chosen = bytes.fromhex(value[1:]) if value.startswith("x") else int(value)
    stream.setsockopt(int(level), int(option), chosen)


for argument in sys.argv[2:]:
    fd, *rest = argument.split(":")
    with socket.fromfd(int(fd), socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        if sys.argv[1] == "get":
            print(get(stream, *rest))
        else:
            change(stream, *rest)
