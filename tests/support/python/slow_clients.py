# SPDX-License-Identifier: BSL-1.0
"""Clients by the thousand that send too slowly, or do not read, and one beside them that must not feel it."""

import contextlib
import ctypes
import resource
import select
import selectors
import signal
import socket
import statistics
import time
from pathlib import Path

from bight_process import DEADLINE, Server, exchange, has_sanitizer, parse_endpoint


def need_descriptors(test, count):
    """For `count` clients here, and as many connections of a server that inherits the limit."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < count + 200:
        test.skipTest(f"fewer than {count + 200} descriptors are allowed")


@contextlib.contextmanager
def many_clients(server, count, buffer=None, beginning=b""):
    """Connected clients that have sent `beginning`, closed at the end; with buffers so small that what nobody reads soon has
    no room, if `buffer` is given."""
    family, kind, address = parse_endpoint(server.endpoint)
    with contextlib.ExitStack() as open_ones:
        clients = [open_ones.enter_context(socket.socket(family, kind)) for _ in range(count)]
        for client in clients:
            if buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
            client.settimeout(30)
            client.connect(address)
            client.sendall(beginning)
            client.setblocking(False)
        yield clients


def round_trips(server, count, data=b"quick\n"):
    """The median and the worst of so many connections with a request each, in seconds."""
    times = []
    for _ in range(count):
        begin = time.monotonic()
        with server.connect() as client:
            assert exchange(client, data)
        times.append(time.monotonic() - begin)
    return statistics.median(times), max(times)


def ends_of(clients, limit):
    """When each client saw that the server had ended it; fewer, if some had not within the limit."""
    ended = []
    deadline = time.monotonic() + limit
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(deadline - time.monotonic()):
                try:
                    over = key.fileobj.recv(1 << 16) == b""
                except ConnectionError:
                    over = True
                if over:
                    selector.unregister(key.fileobj)
                    ended.append(time.monotonic())
    return ended


def check_slow_senders(test, server, count, deadline, beginning=b"x"):
    """Each sends the beginning of a line, or nothing: all are ended at the deadline, nobody before, and others are served."""
    need_descriptors(test, count)
    before = server.resident_bytes()
    begin = time.monotonic()
    with many_clients(server, count, beginning=beginning) as clients:
        begun = time.monotonic()
        median, worst = round_trips(server, 20)
        grown = server.resident_bytes() - before
        ended = ends_of(clients, deadline + 15)
    test.assertEqual(len(ended), count)
    if ended[0] < begin + deadline:
        test.fail(f"ended {begin + deadline - ended[0]:.3f} s too early")
    test.assertLess(ended[-1], begun + deadline + 5)
    test.assert_eventually(lambda: server.descriptors() < 100, "the server has let go of them")
    round_trips(server, 1)
    return f"{count} slow senders: round trip {median * 1e3:.1f} ms, at worst {worst * 1e3:.1f} ms; the last ended " \
           f"{ended[-1] - begun - deadline:+.2f} s off the deadline; {grown / count / 1024:.1f} KiB for each"


def check_slow_readers(test, server, count, most_each=96 << 10):
    """Each asks for more than it reads: the server keeps a bounded part of it, and others are served."""
    need_descriptors(test, count)
    before = server.resident_bytes()
    line = b"x" * 1023 + b"\n"
    with many_clients(server, count, buffer=4096) as clients:
        for client in clients:
            try:
                for _ in range(256):
                    client.send(line)
            except BlockingIOError:
                pass  # nothing of it moves any more
        median, worst = round_trips(server, 20)
        grown = server.resident_bytes() - before
    if not has_sanitizer():
        test.assertLess(grown, count * most_each + (16 << 20))
    test.assert_eventually(lambda: server.descriptors() < 100, "the server has let go of them")
    round_trips(server, 1)
    return f"{count} slow readers: round trip {median * 1e3:.1f} ms, at worst {worst * 1e3:.1f} ms; " \
           f"{grown / count / 1024:.1f} KiB for each"


def fill(server, clients):
    """Sends for each client until nothing of it moves any more and the server rests: how many bytes."""
    data = b"x" * (1 << 16)
    sent = 0
    used = None
    quiet = 0
    while quiet < 5:
        moved = 0
        for client in clients:
            with contextlib.suppress(BlockingIOError):
                moved += client.send(data)
        sent += moved
        quiet = 0 if moved or used != server.cpu_seconds() else quiet + 1
        used = server.cpu_seconds()
        if not moved:
            select.select([], [], [], 0.1)
    return sent


def crowds_that_do_not_read(engine, count, most_data):
    """Two crowds, one after the other, that send and never read, to a server that may have `most_data` bytes (RLIMIT_DATA)
    or, for None, as many as it likes: what was seen of each. To be called in a network of its own, whose buffers are made
    so small that the answers of each client stay with the server."""
    for name in ("tcp_wmem", "tcp_rmem"):
        Path(f"/proc/sys/net/ipv4/{name}").write_text("4096 16384 16384")

    def limit():
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it ends with this process
        if most_data:
            resource.setrlimit(resource.RLIMIT_DATA, (most_data, most_data))

    server = Server(["echo", "--listen", "tcp:127.0.0.1:0", "--style", "async", "--engine", engine], 1,
                    preexec_fn=limit)
    seen = []
    try:
        begin = server.resident_bytes()
        for _ in range(2):
            with many_clients(server, count, buffer=4096) as clients:
                sent = fill(server, clients)
                median, worst = round_trips(server, 20)
                seen.append({"sent": sent, "grown": server.resident_bytes() - begin, "median": median, "worst": worst,
                             "descriptors": server.descriptors(),
                             "threads": len(list(Path(f"/proc/{server.pid}/task").iterdir()))})
            deadline = time.monotonic() + DEADLINE
            while server.descriptors() > 100 and time.monotonic() < deadline:
                select.select([], [], [], 0.01)
            seen[-1]["left"] = server.descriptors()
        round_trips(server, 1)
        seen.append({"code": server.stop(), "said": server.stderr()})
    finally:
        server.kill()
    return seen
