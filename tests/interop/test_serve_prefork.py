# SPDX-License-Identifier: BSL-1.0
"""`bight serve --style prefork`: workers that are there before the clients."""

import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest, children, exchange  # noqa: E402


class Prefork(BightTest):
    def prefork(self, *arguments):
        server = self.serve("echo", "--listen", "tcp:0", "--style", "prefork", *arguments)
        return server

    def test_as_many_workers_as_were_asked_for_and_one_client_each(self):
        server = self.prefork("--workers", "3")
        kept = [self.live(server) for _ in range(3)]
        self.assertEqual(len(children(server)), 3)
        waiting = self.connect(server)
        waiting.settimeout(0.1)
        waiting.sendall(b"x")
        self.assertRaises(TimeoutError, waiting.recv, 1)
        kept[0].close()
        waiting.settimeout(15)
        self.assertEqual(waiting.recv(1), b"x")

    def test_workers_that_are_killed_under_load_are_replaced(self):
        server = self.prefork("--workers", "3")
        over, answered, failed = threading.Event(), [0] * 3, [0] * 3

        def load(number):
            while not over.is_set():
                try:
                    with server.connect() as connection:
                        right = exchange(connection, b"request") == b"request"
                except OSError:
                    right = False
                answered[number] += right
                failed[number] += not right

        threads = [threading.Thread(target=load, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            before = sum(answered)
            self.assert_eventually(lambda: sum(answered) > before + 5 and len(children(server)) == 3, "it serves")
            os.kill(next(iter(children(server))), signal.SIGKILL)
        over.set()
        for thread in threads:
            thread.join()
        self.assertLessEqual(sum(failed), 10)
        self.assert_eventually(lambda: "Z" not in children(server).values(), "no zombie is left")
        self.assertEqual(server.stop(), 0)

    def test_a_connection_that_ends_with_its_worker_has_failed(self):
        old = self.prefork("--workers", "1", "--lifetime", "1s")
        self.assertEqual(self.live(old).recv(1), b"")
        killed = self.prefork("--workers", "1")
        connection = self.live(killed)
        os.kill(next(iter(children(killed))), signal.SIGKILL)
        self.assertEqual(connection.recv(1), b"")
        for server in (old, killed):
            self.assertEqual(server.stop(), 0, server.stderr())
            self.assertIn("1 connections, 1 bytes in, 1 bytes out, 1 failed", server.stderr())

    def test_workers_are_recycled(self):
        server = self.prefork("--workers", "1", "--max-requests", "2")
        self.live(server).close()
        (first,) = children(server)
        for _ in range(5):
            self.assert_echoes(server)
        self.assertNotIn(first, children(server))
        self.assertEqual(server.stop(), 0)

    def test_workers_end_with_the_server(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            server = self.prefork("--workers", "2")
            self.live(server).close()
            workers = children(server)
            server.send(number)
            server.wait()
            gone = lambda: not any(self.lives(worker) for worker in workers)  # noqa: E731
            self.assert_eventually(gone, "no worker is left")

    @staticmethod
    def lives(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def test_who_comes_while_all_are_busy_may_be_refused(self):
        server = self.prefork("--workers", "1", "--when-full", "refuse")
        busy = self.live(server)
        refused = self.connect(server)
        try:
            self.assertEqual(refused.recv(1), b"")
        except ConnectionResetError:
            pass
        busy.close()
        self.assertEqual(server.stop(), 0)
        self.assertIn("1 refused", server.stderr())

    def test_datagrams(self):
        server = self.serve("echo", "--listen", "udp:0", "--style", "prefork", "--workers", "2")
        connection = self.connect(server)
        for _ in range(20):
            connection.send(b"packet")
            self.assertEqual(connection.recv(100), b"packet")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.stderr(), "bight: 0 connections, 20 datagrams, 120 bytes in, 120 bytes out\n")
