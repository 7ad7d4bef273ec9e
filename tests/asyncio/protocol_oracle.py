#!/usr/bin/python3.11
# SPDX-License-Identifier: BSL-1.0
"""Plays scripts on CPython's transports, and prints which hooks each step has called.

A script begins with "== WIRE END HOOK NUMBER": tcp or unix; whether eof_received() keeps the connection open; which hook
raises at which of its calls. Each line after it is a step: of the peer ("p…") or of the transport. After a step there are
round trips over another connection: what the step has caused is seen in between, for it was there first.
"""

import asyncio
import fcntl
import logging
import socket
import struct
import sys
import termios
import time

ROUND_TRIPS = 4
REPEATED = bytes(range(251)) * 1000
OF_THE_PEER = ("psend", "pread", "peof", "preset", "pclose")


def pair(wire):
    """The peer's end, which does not wait, and ours. With buffers that do not grow."""
    if wire == "unix":
        ends = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
            peer.connect(listener.getsockname())
            ends = peer, listener.accept()[0]
        for end in ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for end in ends:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 14)
    return ends


def name_of(error):
    if error is None:
        return "none"
    return next((kind.__name__ for kind in (ConnectionError, OSError) if isinstance(error, kind)), type(error).__name__)


def pattern(begin, size):
    """What has come or goes as the bytes from `begin` on."""
    begin %= 251
    return REPEATED[begin:begin + size]


class Scripted(asyncio.Protocol):
    def __init__(self, keeps, raising, number):
        self.keeps = keeps
        self.raising, self.number = raising, number
        self.calls = []
        self.received = 0
        self.ended = self.lost = False
        self.cut_short = False  # how much of what was written the kernel has taken is open

    def called(self, hook, text=None):
        self.calls.append(text or hook)
        if hook == self.raising:
            self.number -= 1
            if self.number == 0:
                raise ValueError(hook)

    def connection_made(self, transport):
        self.transport = transport
        self.called("made")

    def data_received(self, data):
        right = data == pattern(self.received, len(data))
        self.received += len(data)
        if not right:
            self.calls.append("wrong bytes")
        if self.calls and self.calls[-1].startswith("data "):
            data_before = int(self.calls.pop().split()[1])
        else:
            data_before = 0
        # In how many parts it comes is open: what raises has heard the first.
        self.called("data", "data" if self.raising == "data" else f"data {data_before + len(data)}")

    def eof_received(self):
        if not self.ended:  # CPython calls it again after resume_reading()
            self.ended = True
            self.called("eof")
        return self.keeps

    def pause_writing(self):
        self.called("pause")

    def resume_writing(self):
        self.called("resume")

    def connection_lost(self, error):
        self.lost = True
        self.cut_short = self.cut_short or error is not None
        self.called("lost", "lost " + name_of(error))


class Player:
    def __init__(self, words, trips):
        self.wire, self.trips = words[1], trips
        self.protocol = Scripted(words[2] == "keeps", words[3], int(words[4]))
        self.sent = self.written = self.got = 0
        self.end = "open"
        self.ended = False

    async def begin(self):
        self.peer, ours = pair(self.wire)
        self.transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: self.protocol, ours)
        self.fileno = ours.fileno()

    async def trip(self, count=ROUND_TRIPS):
        loop = asyncio.get_running_loop()
        near, far = self.trips
        for _ in range(count):
            far.send(b"x")
            came = loop.create_future()
            loop.add_reader(near, came.set_result, None)  # which asks the kernel; sock_recv() would find it there
            await came
            loop.remove_reader(near)
            near.recv(1)

    def read_now(self):
        """What there is, to the end: whether there was anything."""
        any_came = False
        while self.end == "open":
            try:
                data = self.peer.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError:
                data = b""  # a reset: that depends on whether the kernel still had something for the transport to read
            if not data:
                self.end = "ended"
                self.ended = True
                break
            if data != pattern(self.got, len(data)):
                self.end = "wrong bytes"
            self.got += len(data)
            any_came = True
        return any_came

    def on_its_way(self):
        if self.protocol.lost:
            return self.end == "open"
        unsent = struct.unpack("i", fcntl.ioctl(self.fileno, termios.TIOCOUTQ, b"\0\0\0\0"))[0]
        return self.transport.get_write_buffer_size() > 0 or unsent > 0

    async def read_all(self):
        quiet = 0
        end = time.monotonic() + 10
        while time.monotonic() < end:
            quiet = 0 if self.read_now() or self.on_its_way() else quiet + 1
            if quiet == 2 or self.end != "open":
                return
            await self.trip(1)
        self.end = "never quiet"

    def write(self, size):
        data = pattern(self.written, size)
        self.transport.write(data)
        if not self.protocol.lost:
            self.written += size

    async def perform(self, verb, numbers):
        if verb == "pread":
            await self.read_all()
        elif verb == "psend":
            self.peer.send(pattern(self.sent, numbers[0]))
            self.sent += numbers[0]
        elif verb == "peof":
            self.peer.shutdown(socket.SHUT_WR)
        elif verb == "preset":
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.peer.close()
            self.end = "closed"
        elif verb == "pclose":
            self.peer.close()
            self.end = "closed"
        elif verb == "write":
            self.write(numbers[0])
        elif verb == "limits":
            self.transport.set_write_buffer_limits(*numbers)
        else:
            if verb == "abort" and self.transport.get_write_buffer_size() > 0:
                self.protocol.cut_short = True
            getattr(self.transport, verb)()

    async def step(self, words):
        said = ""
        try:
            of_the_peer = words[0] in OF_THE_PEER
            if self.end != "closed" if of_the_peer else not self.protocol.lost:  # CPython's know their loop no more
                await self.perform(words[0], [int(word) for word in words[1:]])
        except Exception as error:
            if not of_the_peer:  # which may find ours open for a while yet, to part politely
                said = " raised " + name_of(error)
        await self.trip()
        self.tell(said)

    def tell(self, said=""):
        calls, self.protocol.calls = ", ".join(self.protocol.calls), []
        state = ("closing " if self.transport.is_closing() else "") + ("reading" if self.transport.is_reading() else "")
        # CPython's reset where it closes on unread input may overtake what it has written.
        got = "some" if self.protocol.cut_short or self.ended else self.got
        print(f"{calls} | {state} | {got} {self.end}{said}")

    async def finish(self):
        if self.end != "closed":
            self.peer.close()
        if not self.protocol.lost:
            self.transport.abort()
        await self.trip()
        self.tell()


async def play(lines):
    logging.disable()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    trips = socket.socketpair()
    trips[0].setblocking(False)
    player = None
    for line in lines:
        words = line.split()
        if words[0] == "==":
            if player:
                await player.finish()
            player = Player(words, trips)
            await player.begin()
            await player.trip()
            player.tell()
        else:
            await player.step(words)
    await player.finish()


with open(sys.argv[1]) as file:
    asyncio.run(play(file.read().splitlines()))
