# SPDX-License-Identifier: BSL-1.0
"""What a thousand clients show in ./test, with eight thousand, against the limits that hold by default; and long runs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest, exchange, in_every_style  # noqa: E402
from slow_clients import check_slow_readers, check_slow_senders  # noqa: E402


class Slow(BightTest):
    timeout = 900

    @in_every_style("time", "tcp:0", styles=["selectors", "async"])
    def test_who_begins_a_line_has_ten_seconds_without_a_rate(self, server):
        print(check_slow_senders(self, server, 8000, deadline=10))

    @in_every_style("time", "tcp:0", styles=["selectors", "async"])
    def test_who_says_nothing_has_thirty_seconds(self, server):
        print(check_slow_senders(self, server, 8000, deadline=30, beginning=b""))

    @in_every_style("time", "tcp:0", styles=["thread"])
    def test_slow_senders_have_a_thread_each(self, server):
        print(check_slow_senders(self, server, 2000, deadline=10))

    @in_every_style("echo", "tcp:0", styles=["selectors", "async"])
    def test_slow_readers(self, server):
        print(check_slow_readers(self, server, 8000))


class EarlyAnswers(BightTest):
    timeout = 600

    # B050: the client sends 1 MiB of which the server reads a line too long, and yet sees the end and no reset before.
    @in_every_style("time", "tcp:0", styles=["thread", "pool", "fork", "prefork"])
    def test_a_thousand_answers_overtake_no_reset(self, server):
        request = b"first\n" + b"r" * (1 << 20)
        for _ in range(1000):
            with server.connect() as client:
                self.assertIn(b"] first\n", exchange(client, request))


class ShortRequests(BightTest):
    timeout = 900

    # B100
    @in_every_style("echo", "tcp:0", styles=["thread", "pool"])
    def test_three_hundred_thousand_leave_nothing_behind(self, server):
        def ask(count):
            for _ in range(count):
                with server.connect() as client:
                    client.sendall(b"x")
                    self.assertEqual(client.recv(1), b"x")

        ask(10_000)
        warm = server.resident_bytes()
        ask(300_000)
        print(f"grown by {(server.resident_bytes() - warm) / 1024:.0f} KiB")
        self.assertLess(server.resident_bytes(), warm + (1 << 20))
        self.assertLess(server.descriptors(), 40)
