# SPDX-License-Identifier: BSL-1.0
"""Plays the plan of selectors_differential_test.cpp, whose path is the argument, on CPython: a line for each step."""
import fcntl
import os
import select
import selectors
import socket
import sys

FIRST, SLOTS = 100, 8


class RawSelect:
    def select(self, *lists):
        return "/".join(",".join(map(str, ready)) for ready in select.select(*lists, 0))


class Raw:
    def __init__(self, waiter):
        self.add, self.modify, self.remove, self.poll = waiter.register, waiter.modify, waiter.unregister, waiter.poll

    def select(self):
        return " ".join(f"{fd}:{events}" for fd, events in sorted(self.poll(0)))


class Typed:
    def __init__(self, selector):
        self.selector, self.add, self.modify, self.remove = selector, selector.register, selector.modify, selector.unregister

    def get(self, fd):
        key = self.selector.get_key(fd)
        return f"{key.fd}:{key.events} of {len(self.selector.get_map())}"

    def select(self):
        return " ".join(f"{key.fd}:{events}" for key, events in sorted(self.selector.select(0), key=lambda hit: hit[0].fd))


WAITERS = {
    "select": RawSelect,
    "poll": lambda: Raw(select.poll()),
    "epoll": lambda: Raw(select.epoll()),
    "SelectSelector": lambda: Typed(selectors.SelectSelector()),
    "PollSelector": lambda: Typed(selectors.PollSelector()),
    "EpollSelector": lambda: Typed(selectors.EpollSelector()),
}


def close(fd):
    try:
        os.close(fd)
    except OSError:
        pass


def pair(kind, a, b):
    if kind == "pipe":
        ends = os.pipe()
    else:
        ends = [end.detach() for end in socket.socketpair()]
    for end, number in zip(ends, (a, b)):
        os.dup2(end, number)
        os.close(end)
        fcntl.fcntl(number, fcntl.F_SETFL, os.O_NONBLOCK)


def play(waiter, verb, words):
    if verb == "pair":
        return pair(words[0], int(words[1]), int(words[2]))
    if verb == "close":
        return close(int(words[0]))
    if verb == "write":
        return os.write(int(words[0]), b"x")
    if verb == "read":
        return len(os.read(int(words[0]), 100))
    if verb == "select" and words:
        return waiter.select(*[[int(number) for number in word.split(",") if number] for word in words[0].split("/")])
    answer = getattr(waiter, verb)(*map(int, words))
    return answer if isinstance(answer, str) else None


waiter = None
for line in open(sys.argv[1]):
    verb, *words = line.split()
    if verb == "new":
        for fd in range(FIRST, FIRST + SLOTS):
            close(fd)
        if isinstance(waiter, Typed):
            waiter.selector.close()  # the collector would take its time
        waiter = WAITERS[words[0]]()
        print("new")
        continue
    try:
        answer = play(waiter, verb, words)
        print("ok" if answer is None else answer)
    except OSError as error:
        print("OSError", error.errno)
    except (KeyError, OverflowError, ValueError) as error:
        print(type(error).__name__)
