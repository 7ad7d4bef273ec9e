# SPDX-License-Identifier: BSL-1.0
"""How `bight nc` fails: the exit codes are curl's, and the message names the call and the address."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, BightTest, open_socket, reset  # noqa: E402


class Connecting(BightTest):
    def assert_fails(self, code, text, *arguments, prefix=()):
        process = self.start(*prefix, BIGHT, "nc", *arguments)
        self.assertEqual((*process.finish(), process.stderr().count("\n")), (code, b"", 1), process.stderr())
        self.assertIn(text, process.stderr())

    def test_refused(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))  # and it does not listen
            port = silent.getsockname()[1]
            self.assert_fails(7, f"bight: connect to 127.0.0.1:{port}: connection refused\n", "127.0.0.1", str(port))
            self.assert_fails(7, "connection refused", f"tcp:127.0.0.1:{port}")

    def test_refused_over_ipv6(self):
        with socket.socket(socket.AF_INET6) as silent:
            silent.bind(("::1", 0))
            port = silent.getsockname()[1]
            self.assert_fails(7, f"connect to [::1]:{port}: connection refused\n", "::1", str(port))

    def test_unknown_name(self):
        world = self.world()
        self.assert_fails(6, "no-such-host.invalid", "no-such-host.invalid", "80", prefix=world)
        self.assert_fails(6, "no-such-host.invalid", "-u", "no-such-host.invalid", "80", prefix=world)

    def test_unreachable(self):
        self.need("unshare")
        alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        if subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL).returncode:
            self.skipTest("no network namespaces here")
        process = self.start(*alone, BIGHT, "nc", "192.0.2.1", "80")
        self.assertEqual(process.finish()[0], 7)
        self.assertEqual(process.stderr(), "bight: connect to 192.0.2.1:80: network is unreachable\n")

    def test_no_such_path(self):
        self.assert_fails(7, "no such file or directory", f"unix:{self.folder}/none")
        self.assert_fails(7, "no such file or directory", "-U", f"{self.folder}/none")

    def test_nobody_has_that_abstract_name(self):
        self.assert_fails(7, "connection refused", "unix:@bight-nobody")

    def test_a_path_that_is_too_long(self):
        self.assert_fails(1, "file name too long", "unix:" + "x" * 108)

    def busy_port(self):
        """One whose queue of connections is full: the next one gets no answer."""
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            client = socket.socket()
            self.addCleanup(client.close)
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        return str(listener.getsockname()[1])

    def test_no_answer_to_connecting(self):
        start = time.monotonic()
        self.assert_fails(28, "timed out", "--timeout", "200ms", "127.0.0.1", self.busy_port())
        self.assertLess(time.monotonic() - start, 5)

    def test_a_signal_ends_the_connecting(self):
        port = self.busy_port()

        def connecting():  # the clients that keep the port busy may be among them
            return Path("/proc/net/tcp").read_text().count(f":{int(port):04X} 02 ")

        for number in (signal.SIGINT, signal.SIGTERM):
            before = connecting()
            client = self.bight("nc", "127.0.0.1", port)
            self.assert_eventually(lambda: connecting() > before, "it connects")
            self.assertEqual((client.stop(number), client.stderr()), (128 + number, ""))

    def test_usage(self):
        for arguments in (["127.0.0.1", "x"], ["127.0.0.1", "65536"], ["127.0.0.1", "-1"], ["a", "b", "c"], [],
                          ["--timeout", "soon", "1"], ["-U", "a", "b"], ["127.0.0.1", "tcp:80"], ["127.0.0.1"],
                          ["tls:127.0.0.1:80"], ["unix:"], ["--no-such-option", "1"], ["-k", "1"], ["-l", "-k", "-u", "0"],
                          ["-l", "-k", "unixgram:@x"]):
            with self.subTest(arguments=arguments):
                self.assert_fails(2, "bight: ", *arguments)


class Connected(BightTest):
    def setUp(self):
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(DEADLINE)
        self.addCleanup(self.listener.close)
        self.port = self.listener.getsockname()[1]

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(DEADLINE)
        self.addCleanup(connection.close)
        return connection

    def test_a_reset(self):
        client = self.bight("nc", "127.0.0.1", str(self.port))
        reset(self.accept())
        self.assertEqual(client.wait(), 56)
        self.assertEqual(client.stderr(), f"bight: receive from 127.0.0.1:{self.port}: connection reset by peer\n")

    def test_a_reset_in_the_middle_of_sending(self):
        client = self.bight("nc", "127.0.0.1", str(self.port))
        client.child.stdin.write(b"x" * 10000)
        connection = self.accept()
        connection.recv(1)
        connection.close()  # with much unread: a reset
        self.assertEqual(client.wait(), 56)

    def test_what_came_before_a_reset_is_written_out(self):
        client = self.bight("nc", "127.0.0.1", str(self.port))
        connection = self.accept()
        connection.sendall(b"before")
        client.read_until(lambda text: text == b"before")
        reset(connection)
        self.assertEqual(client.wait(), 56)

    def test_a_peer_that_has_closed_and_is_sent_more(self):
        client = self.bight("nc", "127.0.0.1", str(self.port))
        connection = self.accept()
        connection.sendall(b"bye")
        connection.close()
        client.read_until(lambda text: text == b"bye")
        try:
            while True:
                client.child.stdin.write(b"are you there?")
        except BrokenPipeError:
            pass
        self.assertEqual(client.wait(), 56)

    def test_a_reset_as_a_server(self):
        server = self.bight("nc", "-l", "tcp:0")
        endpoint = server.wait_for_error("\n").splitlines()[0].removeprefix("listening on ")
        reset(open_socket(endpoint))
        self.assertEqual(server.wait(), 56)

    def test_keep_survives_a_reset(self):
        server = self.bight("nc", "-l", "-k", "tcp:0")
        endpoint = server.wait_for_error("\n").splitlines()[0].removeprefix("listening on ")
        reset(open_socket(endpoint))
        server.wait_for_error("connection reset by peer")
        with open_socket(endpoint) as connection:
            connection.sendall(b"next")
            server.read_until(lambda text: text == b"next")

    def test_silence(self):
        client = self.bight("nc", "--timeout", "200ms", "127.0.0.1", str(self.port))
        connection = self.accept()
        connection.sendall(b"hello")
        client.read_until(lambda text: text == b"hello")
        self.assertEqual(client.wait(), 28)
        self.assertEqual(client.stderr(), f"bight: waiting for 127.0.0.1:{self.port}: timed out\n")

    def test_talk_holds_off_the_time_out(self):
        client = self.bight("nc", "--timeout", "2s", "127.0.0.1", str(self.port))
        connection = self.accept()
        for _ in range(12):
            client.child.stdin.write(b"x")
            self.assertEqual(connection.recv(1), b"x")
            connection.sendall(b"y")
            time.sleep(0.2)  # the time that passes is what is tested
        self.assertIsNone(client.child.poll())
        connection.close()
        self.assertEqual(client.finish()[0], 0)

    def test_nobody_connects(self):
        server = self.bight("nc", "-l", "--timeout", "200ms", "tcp:0")
        self.assertEqual(server.wait(), 28)
        self.assertIn("waiting for a connection: timed out\n", server.stderr())

    def test_nobody_reads_standard_output(self):
        client = self.bight("nc", "127.0.0.1", str(self.port))
        connection = self.accept()
        client.child.stdout.close()
        connection.sendall(b"to nobody")
        self.assertEqual(client.wait(), 128 + signal.SIGPIPE)
        self.assertEqual(client.stderr(), "")

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with open("/dev/full", "wb") as full:
            client = subprocess.Popen([BIGHT, "nc", "127.0.0.1", str(self.port)], stdin=subprocess.PIPE, stdout=full,
                                      stderr=subprocess.PIPE)
        with client:
            self.accept().sendall(b"x")
            self.assertEqual(client.wait(DEADLINE), 1)
            self.assertEqual(client.stderr.read(), b"bight: write to standard output: no space left on device\n")

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            client = self.bight("nc", "127.0.0.1", str(self.port))
            connection = self.accept()
            connection.sendall(b"x")
            client.read_until(lambda text: text == b"x")
            self.assertEqual(client.stop(number), 128 + number)
