# SPDX-License-Identifier: BSL-1.0
"""`bight serve --style fork`: what is different where each client has a process."""

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest, children, exchange  # noqa: E402


class Fork(BightTest):
    def fork(self, *arguments):
        return self.serve("echo", "--listen", "tcp:0", "--style", "fork", *arguments)

    def test_a_child_that_is_killed_ends_its_own_client_only(self):
        server = self.fork()
        first = self.live(server)
        (victim,) = children(server)
        second = self.live(server)
        os.kill(victim, signal.SIGKILL)
        self.assertEqual(first.recv(1), b"")
        self.assertEqual(exchange(second, b"still"), b"still")
        self.assert_eventually(lambda: not children(server), "no child is left, and no zombie")
        self.assertEqual(server.stop(), 0)

    def test_no_zombie_stays(self):
        server = self.fork()
        for _ in range(20):
            self.assert_echoes(server)
        start = time.monotonic()
        self.assert_eventually(lambda: "Z" not in children(server).values(), "no zombie is left")
        self.assertLess(time.monotonic() - start, 5)

    def test_more_clients_than_max_conn_wait(self):
        server = self.fork("--max-conn", "2")
        kept = [self.live(server) for _ in range(2)]
        third = self.connect(server)
        third.sendall(b"x")
        third.settimeout(0.1)
        self.assertRaises(TimeoutError, third.recv, 1)
        self.assertEqual(len(children(server)), 2)
        kept[0].close()
        third.settimeout(15)
        self.assertEqual(third.recv(1), b"x")

    def test_the_sums_are_those_of_all_children(self):
        server = self.fork()
        for _ in range(3):
            self.assert_echoes(server, text=b"12345")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.stderr(), "bight: 3 connections, 15 bytes in, 15 bytes out\n")

    def test_the_second_signal_and_the_end_of_the_drain_leave_no_child(self):
        for arguments, signals in (((), 2), (("--drain", "100ms"), 1)):
            with self.subTest(arguments=arguments):
                server = self.fork(*arguments)
                client = self.live(server)
                (child,) = children(server)
                server.send_and_see_taken(signal.SIGTERM)
                if signals == 2:
                    server.send(signal.SIGTERM)
                self.assertEqual(server.wait(), 143)
                self.assertFalse(Path(f"/proc/{child}").exists())
                self.assertEqual(client.recv(1), b"")
