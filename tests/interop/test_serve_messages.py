# SPDX-License-Identifier: BSL-1.0
"""Limits for messages: the time of the first, the rate of each, and its size (B115). Bytes that trickle in begin no limit
anew."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import STYLES, BightTest, exchange, in_every_style  # noqa: E402

LATE, SLOW = "its first message was not whole in time", "its message came too slowly"


def trickle(connection):
    """Sends a byte again and again until the server has ended the connection, for a while at the most."""
    connection.settimeout(0.02)
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            connection.send(b"x")
            if connection.recv(1) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break


class Messages(BightTest):
    def assert_answers(self, connection, text):
        connection.sendall(text + b"\n")
        with connection.makefile("rb") as lines:
            self.assertTrue(lines.readline().endswith(b"] " + text + b"\n"))

    @in_every_style("time", "tcp:0", "--first-message", "300ms")
    def test_the_first_is_to_be_whole_in_time(self, server):
        begin = time.monotonic()
        with server.connect() as slow:
            trickle(slow)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)
        self.assertLess(time.monotonic() - begin, 10)
        server.wait_for_error(LATE)
        with server.connect() as silent:
            self.assertEqual(silent.recv(1), b"")

    @in_every_style("time", "tcp:0", "--first-message", "1s", "--min-rate", "1M", "--rate-grace", "100ms")
    def test_later_ones_may_take_their_time_but_come_at_a_rate(self, server):
        with server.connect() as client:
            self.assert_answers(client, b"first")
            client.settimeout(1.2)  # longer than both limits, but no message has begun
            self.assertRaises(TimeoutError, client.recv, 1)
            client.settimeout(15)
            self.assert_answers(client, b"second")
            begin = time.monotonic()
            trickle(client)
            self.assertLess(time.monotonic() - begin, 10)
        server.wait_for_error(SLOW)
        self.assertNotIn(LATE, server.stderr())

    @in_every_style("time", "tcp:0", "--max-message", "10")
    def test_none_is_longer_than_it_may_be(self, server):
        with server.connect() as client:
            self.assert_answers(client, b"x" * 10)
        for long in (b"x" * 11, b"x" * 11 + b"\n"):  # whole or not
            with server.connect() as client:
                client.sendall(b"short\n" + long)
                self.assertNotIn(b"x", client.recv(4096))
        server.wait_for_error("a line of more than 10 bytes")

    def test_silence_between_two_has_its_own_limit(self):
        servers = [self.serve("time", "--listen", "tcp:0", "--idle", "1s", "--style", style) for style in STYLES]
        clients = []
        for server in servers:
            clients.append(self.connect(server))
            self.assert_answers(clients[-1], b"one")
        for style, server, client in zip(STYLES, servers, clients):
            with self.subTest(style=style):
                self.assertEqual(client.recv(1), b"")
                self.assertEqual(server.stop(), 0, server.stderr())

    @in_every_style("time", "tcp:0", "--no-limits", "--first-message", "300ms")
    def test_what_is_asked_for_holds_without_limits(self, server):
        with server.connect() as silent:
            self.assertEqual(silent.recv(1), b"")

    @in_every_style("time", "tcp:0", "--first-message", "10s", "--min-rate", "0")
    def test_a_client_within_them_is_served(self, server):
        with server.connect() as client:
            answer = exchange(client, b"one\ntwo\nthree")
        self.assertEqual(len(answer.splitlines()), 3)

    def test_they_are_for_a_service_with_messages(self):
        for option in (("--first-message", "1s"), ("--min-rate", "1"), ("--rate-grace", "1s"), ("--max-message", "9")):
            code, output, errors = self.run_bight("serve", "echo", "--listen", "tcp:0", *option)
            self.assertEqual((code, output, errors.count("\n")), (2, b"", 1), errors)
