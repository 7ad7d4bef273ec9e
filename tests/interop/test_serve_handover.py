# SPDX-License-Identifier: BSL-1.0
"""`bight serve --handover`: one process takes the place of another, and no client notices."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, STYLES, BightTest, exchange, open_socket  # noqa: E402
from restarting import by_handover, by_inherited_listener, restart_under_load  # noqa: E402

EVERY_KIND = ["tcp:0", "unix:{}/s.sock", "udp:0", "unixgram:{}/d.sock"]


class HandOver(BightTest):
    def generation(self, *endpoints, style="selectors", **options):
        listen = [word for endpoint in endpoints for word in ("--listen", endpoint.format(self.folder))]
        return self.serve("echo", *listen, "--handover", self.folder / "place", "--style", style, **options)

    def check(self, endpoint):
        with open_socket(endpoint) as connection:
            if endpoint.startswith("u") and not endpoint.startswith("unix:"):
                connection.send(b"one datagram")
                self.assertEqual(connection.recv(100), b"one datagram")
            else:
                self.assertEqual(exchange(connection, b"a stream"), b"a stream")

    def test_every_kind_of_socket_in_every_style(self):
        for style, after in zip(STYLES, STYLES[1:] + STYLES[:1]):  # each takes over from another style
            with self.subTest(style=style, after=after):
                first = self.generation(*EVERY_KIND, style=style)
                self.assertEqual(stat.S_IMODE((self.folder / "place").stat().st_mode), 0o600)
                second = self.generation(*EVERY_KIND, style=after)
                self.assertEqual(second.endpoints, first.endpoints)
                self.assertEqual(first.wait(), 0, first.stderr())
                self.assertIn(f"bight: handed over to process {second.pid}\n", first.stderr())
                second.wait_for_error(f"bight: took over from process {first.pid}\n")  # once the first has answered
                for endpoint in second.endpoints:
                    self.check(endpoint)
                self.assertEqual(sorted(os.listdir(self.folder)), ["d.sock", "place", "s.sock"])
                self.assertEqual(second.stop(), 0)
                self.assertEqual(os.listdir(self.folder), [])

    def test_a_client_of_the_first_is_served_to_its_end(self):
        for style in STYLES:
            with self.subTest(style=style):
                first = self.generation("tcp:0", style=style)
                with self.live(first) as client:
                    second = self.generation("tcp:0", style=style)
                    self.check(second.endpoint)
                    self.assertIsNone(first.child.poll())
                    self.assertEqual(exchange(client, b"the rest"), b"the rest")
                self.assertEqual(first.wait(), 0)
                self.assertEqual(second.stop(), 0)

    def test_a_signal_from_outside_then_finds_the_first_draining(self):
        for style in STYLES:
            with self.subTest(style=style):
                first = self.generation("tcp:0", style=style)
                with self.live(first) as client:
                    second = self.generation("tcp:0", style=style)
                    first.wait_for_error(f"bight: handed over to process {second.pid}\n")
                    first.send_and_see_taken(signal.SIGTERM)
                    self.assertEqual(exchange(client, b"the rest"), b"the rest")
                self.assertEqual((first.wait(), second.stop()), (0, 0))

    def test_a_second_signal_from_outside_ends_it_at_once(self):
        first = self.generation("tcp:0")
        with self.live(first) as client:
            second = self.generation("tcp:0")
            first.wait_for_error(f"bight: handed over to process {second.pid}\n")
            first.send_and_see_taken(signal.SIGINT)  # a SIGTERM and its own might become one
            first.send(signal.SIGTERM)
            self.assertIn(first.wait(), (130, 143))
            self.assertEqual(second.stop(), 0)

    def test_a_signal_while_a_successor_begins_leaves_it_the_paths(self):
        for style in STYLES:
            with self.subTest(style=style), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as successor:
                first = self.generation("unix:{}/s.sock", style=style)
                successor.settimeout(DEADLINE)
                successor.connect(str(self.folder / "place"))
                successor.send(b"bight-handover 1")
                _, fds, _, _ = socket.recv_fds(successor, 1000, 10)
                self.assertEqual(first.stop(), 0)
                self.assertEqual(sorted(os.listdir(self.folder)), ["place", "s.sock"])
                for fd in fds:
                    os.close(fd)

    def test_who_waits_in_the_queue_is_served(self):
        first = self.generation("tcp:0", style="iterative")
        with self.live(first) as busy:
            waiting = [self.connect(first) for _ in range(20)]
            second = self.generation("tcp:0")
            for number, client in enumerate(waiting):
                self.assertEqual(exchange(client, b"%d" % number), b"%d" % number)
        self.assertEqual((first.wait(), second.stop()), (0, 0))

    def test_what_is_listened_to_may_change(self):
        first = self.generation("tcp:0", "unix:{}/old.sock", "tcp:127.0.0.1:0")
        second = self.generation("tcp:127.0.0.1:0", "unix:{}/new.sock")
        self.assertEqual(first.wait(), 0)
        self.assertIn(second.endpoint, first.endpoints)
        second.wait_for_error(f"bight: nobody serves unix:{self.folder}/old.sock any more\n")
        self.assertEqual(sorted(os.listdir(self.folder)), ["new.sock", "place"])
        for endpoint in second.endpoints:
            self.check(endpoint)

    def test_one_that_cannot_begin_changes_nothing(self):
        first = self.generation("tcp:0", "unix:{}/s.sock")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code, _, errors = self.run_bight("serve", "echo", "--listen", "tcp:0", "--listen", f"unix:{self.folder}/s.sock",
                                             "--listen", f"tcp:{taken.getsockname()[1]}", "--handover", self.folder / "place")
        self.assertEqual(code, 1, errors)
        for endpoint in first.endpoints:
            self.check(endpoint)
        second = self.generation("tcp:0", "unix:{}/s.sock")
        self.assertEqual((first.wait(), second.stop()), (0, 0))

    def test_a_path_that_somebody_else_has_bound_stays(self):
        path = self.folder / "s.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            name, fds = f"fd:{listener.fileno()}", [listener.fileno()]
            first = self.generation(name, pass_fds=fds)
            second = self.generation(name, pass_fds=fds)
            self.assertEqual((first.wait(), second.stop()), (0, 0))
        self.assertTrue(path.exists())

    def test_a_crash_leaves_a_path_that_is_taken_over(self):
        for style in ("selectors", "fork"):
            first = self.generation("tcp:0", style=style)
            with first.connect() as client:  # with fork, a child lives on
                client.sendall(b"x")
                self.assertEqual(client.recv(1), b"x")
                first.kill()
                second = self.generation("tcp:0", style=style)
                self.check(second.endpoint)
                self.assertEqual(second.stop(), 0)

    def test_whoever_says_nonsense_is_turned_away(self):
        first = self.generation("tcp:0")
        for said in (b"", b"nonsense", b"x" * 60000):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
                other.settimeout(DEADLINE)
                other.connect(str(self.folder / "place"))
                other.send(said)
                self.assertEqual(other.recv(100), b"")
        second = self.generation("tcp:0")
        self.assertEqual((first.wait(), second.stop()), (0, 0))

    def test_what_is_no_place_for_a_hand_over(self):
        (self.folder / "file").write_text("of value")
        for path, code in ((self.folder / "file", 1), (self.folder / "none" / "place", 1), ("x" * 200, 1)):
            got, output, errors = self.run_bight("serve", "echo", "--listen", f"unix:{self.folder}/s", "--handover", path)
            self.assertEqual((got, errors.count("\n")), (code, 1), errors)
        self.assertEqual(os.listdir(self.folder), ["file"])
        self.assertEqual((self.folder / "file").read_text(), "of value")

    def test_a_connection_of_inetd_is_not_handed_over(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = subprocess.run([BIGHT, "serve", "echo", "--listen", "fd:%d" % theirs.fileno(), "--handover",
                                      self.folder / "place"], pass_fds=[theirs.fileno()], capture_output=True, timeout=DEADLINE)
        self.assertEqual(process.returncode, 2, process.stderr)

    def test_the_first_signal_still_drains(self):
        for style in STYLES:
            first = self.generation("tcp:0", style=style)
            self.assertEqual(first.stop(signal.SIGINT), 0)
            self.assertEqual(os.listdir(self.folder), [])

    def test_the_manager_is_told_whom_it_has_now(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(DEADLINE)
            manager.bind(str(self.folder / "notify"))
            environment = {**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")}
            first = self.generation("tcp:0", env=environment)
            self.assertIn(b"MAINPID=%d\nREADY=1" % first.pid, manager.recv(1000))
            second = self.generation("tcp:0", env=environment)
            self.assertEqual(manager.recv(1000), b"MAINPID=%d\nREADY=1\nSTATUS=serving" % second.pid)
            self.assertEqual(first.wait(), 0)
            manager.setblocking(False)
            with self.assertRaises(BlockingIOError):  # that it stops, which the manager would take for the service's end
                manager.recv(1000)


class UnderLoad(BightTest):
    """No request is lost (B064, B096); 50 restarts and 100,000 requests are in tests/deep."""

    timeout = 300

    def check(self, begin, style):
        with self.subTest(style=style):
            restart_under_load(self, begin, style, restarts=5, requests=2500)

    def test_by_hand_over(self):
        for style in ("selectors", "thread", "pool", "fork"):
            self.check(by_handover, style)

    def test_by_an_inherited_listener(self):
        for style in ("selectors", "pool"):
            self.check(by_inherited_listener, style)
