# SPDX-License-Identifier: BSL-1.0
"""Random address text and CPython's verdict on it: `SEED COUNT` in, lines `HEX<TAB>canonical text or refused` out."""
import random
import socket
import sys

rng = random.Random(int(sys.argv[1]))


def ipv4():
    return ".".join(str(rng.choice([0, 1, 9, 10, 99, 100, 127, 199, 249, 255, rng.randrange(256)])) for _ in range(4))


def ipv6():
    groups = [format(rng.choice([0, 0, 1, 0xFFFF, rng.randrange(0x10000)]), rng.choice(["x", "X", "04x"])) for _ in range(8)]
    if rng.random() < 0.2:
        groups[6:] = [ipv4()]
    if rng.random() < 0.6:
        start = rng.randrange(len(groups))
        end = rng.randrange(start, len(groups) + 1)
        return ":".join(groups[:start]) + "::" + ":".join(groups[end:])
    return ":".join(groups)


def mutated(text):
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        place = rng.randrange(len(text) + 1)
        piece = rng.choice(list("0123456789abcdefABCDEF.::x-+ g\n") + ["::", "00", "256", "1" * 5])
        text = rng.choice([text[:place] + piece + text[place:], text[:place] + text[place + 1:], text[:place] + piece + text[place + 1:]])
    return text


def verdict(text):
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_ntop(family, socket.inet_pton(family, text))
        except (OSError, ValueError):
            pass
    return "refused"


for _ in range(int(sys.argv[2])):
    text = rng.choice([ipv4, ipv6])()
    if rng.random() < 0.6:
        text = mutated(text)
    print(text.encode().hex() + "\t" + verdict(text))
