# SPDX-License-Identifier: BSL-1.0
# ping: echo requests over a raw socket, for IPv4 and IPv6. A raw socket hears the answers to everybody's requests, so
# each is asked whether it is for us. Needs the right to open one (CAP_NET_RAW).

import socket
import struct
import sys
import time

V4_REPLY, V4_REQUEST = 0, 8  # RFC 792
V6_REQUEST, V6_REPLY = 128, 129  # RFC 4443
ECHO = struct.Struct("!BBHHH")  # type, code, checksum, id, sequence: both protocols' echo messages begin like this


def checksum_of(message):
    """The sum of RFC 1071: of ones' complement, over words of 16 bits. For IPv6 the kernel makes it."""
    total = sum(struct.unpack(f"!{len(message) // 2}H", message))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def hear_answer(s, identity, peer, limit):
    """Reads what comes until it is the answer to our request; false once `limit` has passed."""
    v6 = s.family == socket.AF_INET6
    deadline = time.monotonic() + limit
    while (left := deadline - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            data, sender = s.recvfrom(2048)
        except TimeoutError:
            return False
        # A packet of IPv4 comes with its header, whose length is in its first byte.
        message = data if v6 or not data else data[(data[0] & 15) * 4:]
        if len(message) < ECHO.size:
            continue
        kind, _, _, *answered = ECHO.unpack_from(message)
        if kind == (V6_REPLY if v6 else V4_REPLY) and answered == identity and sender[0] == peer[0]:
            return True
    return False


if len(sys.argv) < 2:
    sys.exit("usage: main.py HOST [COUNT [MILLISECONDS]]")
family, _, _, _, peer = socket.getaddrinfo(sys.argv[1], None, type=socket.SOCK_RAW)[0]
count = int(sys.argv[2]) if len(sys.argv) > 2 else 3
limit = int(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 1
v6 = family == socket.AF_INET6

with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP) as s:
    request = V6_REQUEST if v6 else V4_REQUEST
    own = time.monotonic_ns() & 0xffff
    answers = 0
    for i in range(1, count + 1):
        data = b"bight".ljust(56, b"\0")
        checksum = checksum_of(ECHO.pack(request, 0, 0, own, i) + data)
        start = time.monotonic()
        s.sendto(ECHO.pack(request, 0, checksum, own, i) + data, peer)
        if hear_answer(s, [own, i], peer, limit):
            took = (time.monotonic() - start) * 1000
            print(f"{peer[0]} answers number {i} after {took:g} ms", flush=True)
            answers += 1
        else:
            print(f"{peer[0]} is silent about number {i}", flush=True)
    print(answers, "of", count, "answered", flush=True)
