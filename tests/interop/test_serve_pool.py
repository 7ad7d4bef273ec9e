# SPDX-License-Identifier: BSL-1.0
"""`bight serve --style pool`: its limits, which hold from accept on, whether a thread is free or not."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest, exchange  # noqa: E402


class Pool(BightTest):
    def pool(self, *arguments):
        return self.serve("echo", "--listen", "tcp:0", "--style", "pool", *arguments)

    def assert_ended(self, connection):
        try:
            self.assertEqual(connection.recv(1), b"")
        except ConnectionResetError:
            pass

    def test_max_conn_counts_who_waits_for_a_thread(self):
        server = self.pool("--threads", "1", "--max-conn", "2")
        busy = self.live(server)
        waiting = self.connect(server)
        self.assert_ended(self.connect(server))
        busy.close()
        self.assertEqual(exchange(waiting, b"served"), b"served")

    def test_idle_counts_from_accept_on(self):
        server = self.pool("--threads", "1", "--idle", "2s")
        busy = self.live(server)
        silent = self.connect(server)
        silent.setblocking(False)
        start = time.monotonic()
        ended = False
        while not ended and time.monotonic() < start + 15:
            busy.sendall(b"y")  # never idle: the thread is its own
            self.assertEqual(busy.recv(1), b"y")
            try:
                ended = silent.recv(1) == b""
            except BlockingIOError:
                pass
        self.assertTrue(ended)
        self.assertGreater(time.monotonic() - start, 1.9)

    def test_a_full_queue(self):
        for policy in ("refuse", "shed"):
            with self.subTest(policy=policy):
                server = self.pool("--threads", "1", "--queue", "1", "--when-full", policy)
                busy = self.live(server)
                first, second = self.connect(server), self.connect(server)
                victim, other = (second, first) if policy == "refuse" else (first, second)
                self.assert_ended(victim)
                busy.close()
                self.assertEqual(exchange(other, b"served"), b"served")

    def test_lifetime(self):
        server = self.pool("--threads", "1", "--queue", "1", "--lifetime", "1s")
        busy = self.live(server)
        others = [self.connect(server) for _ in range(3)]  # one waits, one is in hand, one in the kernel
        for connection in (busy, *others):
            self.assert_ended(connection)

    def test_options_that_would_do_nothing_are_refused(self):
        for where, options in (("tcp:0", ("--style", "prefork", "--queue", "5")),
                               ("tcp:0", ("--style", "prefork", "--queue", "5", "--when-full", "refuse")),
                               ("udp:0", ("--max-conn", "5")), ("udp:0", ("--idle", "1s")), ("unixgram:@x", ("--buffer", "1k"))):
            with self.subTest(options=options):
                code, output, errors = self.run_bight("serve", "echo", "--listen", where, *options)
                self.assertEqual((code, output, errors.count("\n")), (2, b"", 1), errors)
        for options in (("--style", "prefork", "--queue", "5", "--when-full", "shed", "--listen", "tcp:0"),
                        ("--max-conn", "5", "--listen", "udp:0", "--listen", "tcp:0"),
                        ("--style", "fork", "--max-conn", "5", "--listen", "udp:0")):
            self.assertEqual(self.serve("echo", *options).stop(), 0)

    def test_its_options_are_for_it_alone(self):
        for option in (("--threads", "1"), ("--queue", "1"), ("--when-full", "shed"), ("--lifetime", "1s")):
            code, output, errors = self.run_bight("serve", "echo", "--listen", "tcp:0", *option)
            self.assertEqual((code, output, errors.count("\n")), (2, b"", 1), errors)
