#!/usr/bin/python3.11
# SPDX-License-Identifier: BSL-1.0
"""What CPython needs for the same turns, for scale: nanoseconds of CPU time, median of 41 windows.

    bench/python_scale.py [--json]
"""

import ipaddress
import json
import os
import random
import selectors
import socket
import statistics
import sys
import time

WINDOW_NS = 5_000_000
WINDOWS = 41


def ns_of_a_turn(work):
    """`work(turns)` in windows of some milliseconds."""
    turns = 16
    while (taken := timed(work, turns)) < WINDOW_NS / 2:
        turns *= 2
    turns = max(1, round(turns * WINDOW_NS / taken))
    return statistics.median(timed(work, turns) / turns for _ in range(WINDOWS))


def timed(work, turns):
    begin = time.thread_time_ns()
    work(turns)
    return time.thread_time_ns() - begin


def selector_turn(size, ready):
    """As in selector_turn.cpp: what is ready stays ready."""
    selector = selectors.EpollSelector()
    seen = [0]

    def count():
        seen[0] += 1

    for i in range(size):
        near, far = socket.socketpair()
        KEPT.append(far)
        if i < ready:
            far.send(b"!")
        selector.register(near, selectors.EVENT_READ, count)
        KEPT.append(near)

    def work(turns):
        select = selector.select
        for _ in range(turns):
            for key, _ready in select():
                key.data()

    return work


def exchange(left, right, size):
    """As in socket_data.cpp: send on one end, recv_into on the other."""
    out, into = bytes(size), bytearray(size)

    def work(turns):
        for _ in range(turns):
            left.send(out)
            got = 0
            while got < size:
                got += right.recv_into(into)

    return work


def texts(family):
    """A thousand addresses as in addresses.cpp."""
    pick = random.Random(family)
    if family == 4:
        return [str(ipaddress.IPv4Address(pick.getrandbits(32))) for _ in range(1000)]
    masks = [sum(0xffff << (16 * group) for group in range(8) if pick.randrange(3)) for _ in range(1000)]
    return [str(ipaddress.IPv6Address(pick.getrandbits(128) & mask)) for mask in masks]


def over_all(work, items):
    def turn(turns):
        for i in range(turns):
            work(items[i % 1000])

    return turn


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        left = socket.create_connection(listener.getsockname())
        right, _ = listener.accept()
    left.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return left, right


KEPT = []
ROWS = {
    "send + recv_into, unix 64 B": lambda: exchange(*socket.socketpair(), 64),
    "send + recv_into, unix 16 KiB": lambda: exchange(*socket.socketpair(), 16384),
    "send + recv_into, tcp 64 B": lambda: exchange(*tcp_pair(), 64),
    "send + recv_into, tcp 16 KiB": lambda: exchange(*tcp_pair(), 16384),
    "epoll selector, 1 ready of 1": lambda: selector_turn(1, 1),
    "epoll selector, 1 ready of 100": lambda: selector_turn(100, 1),
    "epoll selector, 50 ready of 50": lambda: selector_turn(50, 50),
    "parse v4 / inet_pton": lambda: over_all(ipaddress.IPv4Address, texts(4)),
    "parse v6 / inet_pton": lambda: over_all(ipaddress.IPv6Address, texts(6)),
    "format v4 / inet_ntop": lambda: over_all(str, list(map(ipaddress.IPv4Address, texts(4)))),
    "format v6 / inet_ntop": lambda: over_all(str, list(map(ipaddress.IPv6Address, texts(6)))),
}


def main():
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for name, make in ROWS.items():
        taken = ns_of_a_turn(make())
        if "--json" in sys.argv[1:]:
            print(json.dumps({"name": name, "python_ns": round(taken, 1)}), flush=True)
        else:
            print(f"{name:44} {taken:10.1f} ns", flush=True)


if __name__ == "__main__":
    main()
