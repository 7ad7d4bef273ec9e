# SPDX-License-Identifier: BSL-1.0
"""How a server ends: the first signal lets live connections finish, the second one does not."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, STYLES, BightTest, exchange, in_every_style  # noqa: E402

CONCURRENT = tuple(style for style in STYLES if style not in ("iterative", "prefork"))


class Ending(BightTest):
    def assert_accepts_no_more(self, server):
        def refused():
            try:
                with server.connect() as one_more:  # it is served before the next one comes: else they never end
                    self.assertEqual(exchange(one_more, b""), b"")
                return False
            except ConnectionError:
                return True

        self.assert_eventually(refused, "it stops accepting")

    @in_every_style("echo", "tcp:0", "udp:0", "unix:{folder}/s.sock")
    def test_without_clients_it_ends_at_once(self, server):
        start = time.monotonic()
        self.assertEqual(server.stop(signal.SIGINT), 0)
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(server.stderr(), "bight: 0 connections, 0 bytes in, 0 bytes out\n")

    @in_every_style("echo", "tcp:0", styles=CONCURRENT)
    def test_live_connections_finish(self, server):
        clients = [self.live(server) for _ in range(5)]
        server.send(signal.SIGTERM)
        self.assert_accepts_no_more(server)
        for client in clients:
            self.assertEqual(exchange(client, b"the rest" * 10000), b"the rest" * 10000)
        self.assertEqual(server.wait(), 0)
        self.assertIn(" connections, 400005 bytes in, 400005 bytes out\n", server.stderr())

    def test_live_connections_finish_one_at_a_time(self):
        server = self.serve("echo", "--listen", "tcp:0", "--style", "iterative")
        client = self.live(server)
        server.send(signal.SIGTERM)
        self.assertEqual(exchange(client, b"the rest"), b"the rest")
        self.assertEqual(server.wait(), 0)

    @in_every_style("echo", "tcp:0")
    def test_connections_that_wait_to_be_accepted_are_served(self, server):
        server.stand_still()
        waiting = [self.connect(server) for _ in range(5)]
        for client in waiting:
            client.sendall(b"I was here before")
            client.shutdown(socket.SHUT_WR)
        server.send(signal.SIGTERM)
        server.send(signal.SIGCONT)
        for client in waiting:
            self.assertEqual(client.recv(100), b"I was here before")
        self.assertEqual(server.wait(), 0)

    def check_second_signal(self, style, number, code):
        server = self.serve("echo", "--listen", "tcp:0", "--listen", f"unix:{self.folder}/s.sock", "--style", style)
        with self.live(server):
            server.send_and_see_taken(number)
            server.send(number)
            self.assertEqual(server.wait(), code)
        self.assertFalse(Path(self.folder, "s.sock").exists())
        self.assertIn("bight: 1 connections, 1 bytes in, ", server.stderr())

    def test_the_second_signal_ends_it_at_once(self):
        for style in STYLES:
            with self.subTest(style=style):
                self.check_second_signal(style, signal.SIGTERM, 143)
                self.check_second_signal(style, signal.SIGINT, 130)

    @in_every_style("echo", "tcp:0", code=130)
    def test_two_signals_at_once_are_two(self, server):
        client = self.live(server)
        server.stand_still()
        server.send(signal.SIGTERM)
        server.send(signal.SIGINT)
        server.send(signal.SIGCONT)
        self.assertEqual(server.wait(), 130)
        client.close()

    @in_every_style("echo", "tcp:0", "--drain", "200ms", code=143)
    def test_the_limit_of_the_drain_ends_it(self, server):
        client = self.live(server)
        start = time.monotonic()
        self.assertEqual(server.stop(), 143)
        self.assertGreater(time.monotonic() - start, 0.19)
        self.assertLess(time.monotonic() - start, 5)
        client.close()

    @in_every_style("echo", "tcp:0", "--drain", "0")
    def test_without_clients_there_is_nothing_to_cut_off(self, server):
        self.assertEqual(server.stop(), 0)

    def test_a_second_signal_with_very_many_connections(self):
        self.allow_descriptors(1300)
        server = self.serve("echo", "--listen", "tcp:0", "--style", "thread", "--no-limits")
        clients = [self.live(server) for _ in range(1100)]
        server.send_and_see_taken(signal.SIGTERM)
        self.assertEqual(server.stop(), 143)
        for client in clients:
            client.close()

    @in_every_style("echo", "tcp:0", code=143)
    def test_a_client_that_never_reads_does_not_hold_up_the_second_signal(self, server):
        client = self.live(server)
        client.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            client.sendall(b"x" * (64 << 20))
        server.send_and_see_taken(signal.SIGTERM)
        self.assertEqual(server.stop(), 143)
        client.close()

    def test_it_ends_well_when_nobody_hears_its_last_words(self):
        for style in STYLES:
            reader, writer = os.pipe()
            command = [BIGHT, "serve", "echo", "--listen", "tcp:0", "--style", style]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=writer) as process:
                os.close(writer)
                process.stdout.readline()
                os.close(reader)
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(DEADLINE), 0)
