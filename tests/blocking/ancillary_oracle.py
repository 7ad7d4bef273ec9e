# SPDX-License-Identifier: BSL-1.0
"""What CPython makes of ancillary data.

lengths N...: CMSG_LEN and CMSG_SPACE of each N, or "overflow".
rights COUNT...: for each COUNT descriptors sent, and each size of the room from 0 on, the number of items, the bytes of
the first and whether MSG_CTRUNC is set.
"""

import os
import socket
import sys


def one(function, length):
    try:
        return str(function(length))
    except OverflowError:
        return "overflow"


def lengths(numbers):
    for number in numbers:
        print(one(socket.CMSG_LEN, number), one(socket.CMSG_SPACE, number))


def rights(counts):
    for count in counts:
        for room in range(socket.CMSG_SPACE(4 * count) + 9):
            near, far = socket.socketpair()
            near.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, near.fileno().to_bytes(4, "little") * count)])
            _, items, flags, _ = far.recvmsg(1, room)
            for _, _, data in items:
                for at in range(0, len(data) - len(data) % 4, 4):
                    os.close(int.from_bytes(data[at:at + 4], "little"))
            print(len(items), len(items[0][2]) if items else 0, int(bool(flags & socket.MSG_CTRUNC)))
            near.close()
            far.close()


{"lengths": lengths, "rights": rights}[sys.argv[1]]([int(number) for number in sys.argv[2:]])
