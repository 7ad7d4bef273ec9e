# SPDX-License-Identifier: BSL-1.0
"""`bight nc -u`: each read of standard input is a datagram, and silence is the end."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, BightTest, open_socket, parse_endpoint  # noqa: E402

SCHEMES = {"udp": "udp:127.0.0.1:0", "udp6": "udp:[::1]:0", "unixgram": "unixgram:{folder}/nc.sock"}


class Datagrams(BightTest):
    def port(self):
        port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port.bind(("127.0.0.1", 0))
        port.settimeout(DEADLINE)
        self.addCleanup(port.close)
        return port, port.getsockname()[1]

    def listen(self, endpoint, *options):
        process = self.bight("nc", "-l", *options, endpoint.format(folder=self.folder))
        process.endpoint = process.wait_for_error("\n").splitlines()[0].removeprefix("listening on ")
        return process

    def test_client_and_answer(self):
        port, number = self.port()
        client = self.bight("nc", "-u", "127.0.0.1", number)
        client.child.stdin.write(b"question")
        data, peer = port.recvfrom(100)
        self.assertEqual(data, b"question")
        port.sendto(b"answer", peer)
        client.read_until(lambda text: text == b"answer")
        self.assertEqual(client.finish(), (0, b"answer"))

    def test_each_read_is_one_datagram(self):
        port, number = self.port()
        client = self.bight("nc", f"udp:127.0.0.1:{number}")
        for size in (1, 1000, 60000):
            client.child.stdin.write(b"x" * size)
            self.assertEqual(len(port.recv(65536)), size)

    def test_the_end_of_input_waits_a_second_for_answers(self):
        port, number = self.port()
        start = time.monotonic()
        client = self.bight("nc", "-u", "127.0.0.1", number)
        self.assertEqual(client.finish(b"anybody?"), (0, b""))
        self.assertGreater(time.monotonic() - start, 0.9)

    def test_empty_datagrams_are_no_end(self):
        port, number = self.port()
        client = self.bight("nc", "-u", "127.0.0.1", number)
        client.child.stdin.write(b"question")
        _, peer = port.recvfrom(100)
        port.sendto(b"", peer)
        port.sendto(b"after it", peer)
        client.read_until(lambda text: text == b"after it")

    def test_nobody_there(self):
        port, number = self.port()
        port.connect(("127.0.0.1", 9))  # it is taken, but hears others no more
        code, _, errors = self.run_bight("nc", "-u", "127.0.0.1", number, data=b"anybody?")
        self.assertEqual((code, errors), (7, f"bight: receive from 127.0.0.1:{number}: connection refused\n"))

    def test_server_answers_whoever_wrote_last(self):
        for scheme, endpoint in SCHEMES.items():
            with self.subTest(scheme=scheme):
                server = self.listen(endpoint)
                with open_socket(server.endpoint) as first, open_socket(server.endpoint) as second:
                    for port, text in ((first, b"first"), (second, b"second"), (first, b"again")):
                        port.send(text)
                        server.read_until(lambda output: output.endswith(text))
                        server.child.stdin.write(b"to " + text)
                        self.assertEqual(port.recv(100), b"to " + text)
                self.assertEqual(server.stop(signal.SIGINT), 130)
                self.assertEqual(os.listdir(self.folder), [])

    def test_server_goes_on_when_a_client_has_gone(self):
        for options in ((), ("-x", self.folder / "dump")):
            server = self.listen(SCHEMES["unixgram"], *options)
            with open_socket(server.endpoint) as first:
                first.send(b"first")
                server.read_until(lambda output: output.endswith(b"first"))
            server.child.stdin.write(b"lost")
            self.assertRegex(server.wait_for_error("refused"), "\nbight: send to .*: connection refused\n")
            with open_socket(server.endpoint) as second:
                second.send(b"second")
                server.read_until(lambda output: output.endswith(b"second"))
                server.child.stdin.write(b"to second")
                self.assertEqual(second.recv(100), b"to second")
            self.assertEqual(server.stop(signal.SIGINT), 130)
        self.assertNotIn("lost", (self.folder / "dump").read_text())

    def test_server_keeps_its_input_until_somebody_writes(self):
        server = self.listen("udp:0")
        server.child.stdin.write(b"prepared")
        with open_socket(server.endpoint) as port:
            port.send(b"hello")
            self.assertEqual(port.recv(100), b"prepared")

    def test_server_ends_after_silence(self):
        server = self.listen("udp:0", "--timeout", "1s")
        with open_socket(server.endpoint) as port:
            port.send(b"last words")
        self.assertEqual(server.read_all(), b"last words")
        self.assertEqual(server.wait(), 0)

    def test_both_ends_are_the_tool(self):
        for scheme, endpoint in SCHEMES.items():
            with self.subTest(scheme=scheme):
                server = self.listen(endpoint)
                client = self.bight("nc", server.endpoint)
                client.child.stdin.write(b"there")
                server.read_until(lambda text: text == b"there")
                server.child.stdin.write(b"and back")
                client.read_until(lambda text: text == b"and back")
                client.kill()
                self.assertEqual(server.stop(), 143)

    def test_socat_as_a_client(self):
        self.need("socat")
        server = self.listen("udp:0")
        _, _, (host, port) = parse_endpoint(server.endpoint)
        peer = self.start("socat", "-", f"UDP4:{host}:{port}")
        peer.child.stdin.write(b"there\n")
        server.read_until(lambda text: text == b"there\n")
        server.child.stdin.write(b"and back\n")
        peer.read_until(lambda text: text == b"and back\n")

    def test_ncat_as_a_client(self):
        self.need("ncat")
        server = self.listen("udp:0")
        _, _, (host, port) = parse_endpoint(server.endpoint)
        peer = self.start("ncat", "-u", host, port)
        peer.child.stdin.write(b"there\n")
        server.read_until(lambda text: text == b"there\n")
        server.child.stdin.write(b"and back\n")
        peer.read_until(lambda text: text == b"and back\n")

    def test_socat_as_a_server(self):
        self.need("socat")
        path = f"{self.folder}/socat.sock"
        self.start("socat", f"UNIX-RECVFROM:{path},fork", "EXEC:cat")
        self.assert_eventually(lambda: os.path.exists(path), "socat listens")
        client = self.start(BIGHT, "nc", "-u", "-U", path)
        client.child.stdin.write(b"there and back")
        client.read_until(lambda text: text == b"there and back")
