# SPDX-License-Identifier: BSL-1.0
# Numbers in the byte order of the network and of this machine. One that does not fit raises OverflowError.

import socket


def fits(convert, number):
    try:
        convert(number)
    except OverflowError:
        return "does not fit"
    return "fits"


little = socket.htons(20000)
large = socket.htonl(20000)
print(f"20000 in 16 bits of the network's order is {little}, and back {socket.ntohs(little)}")
print(f"20000 in 32 bits of the network's order is {large}, and back {socket.ntohl(large)}")
for number in [65535, 65536, -1]:
    print(number, fits(socket.htons, number), "into 16 bits")
for number in [4294967295, 4294967296, -1]:
    print(number, fits(socket.htonl, number), "into 32 bits")
