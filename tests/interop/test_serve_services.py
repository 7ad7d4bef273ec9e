# SPDX-License-Identifier: BSL-1.0
"""The services other than echo over streams: datagrams, time, discard; several endpoints at once."""

import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, STYLES, BightTest, exchange, in_every_style, parse_endpoint  # noqa: E402

EVERY_KIND = ["tcp:0", "tcp:[::1]:0", "udp:0", "unix:{folder}/s.sock", "unixgram:{folder}/d.sock", "unix:@bight-{pid}-s"]


class Services(BightTest):
    def assert_times(self, lines, texts):
        """Each line is "[ctime] text", of just now."""
        now = time.time()
        self.assertEqual([line.partition("] ")[2] for line in lines], texts)
        for line in lines:
            said = time.mktime(time.strptime(line.partition("] ")[0].removeprefix("["), "%a %b %d %H:%M:%S %Y"))
            self.assertLess(abs(said - now), 10)
            self.assertEqual(time.ctime(said), line[1:25])

    @in_every_style("time", "tcp:0")
    def test_time_answers_each_line(self, server):
        with server.connect() as connection:
            answer = exchange(connection, b"one\n\nwith \xc3\xa9\nunfinished").decode()
        self.assertTrue(answer.endswith("\n"))
        self.assert_times(answer.splitlines(), ["one", "", "with é", "unfinished"])

    @in_every_style("time", "unix:{folder}/time.sock")
    def test_time_answers_lines_as_they_come(self, server):
        with server.connect() as connection, connection.makefile("rw") as lines:
            for text in ("spam", "eggs"):
                lines.write(text + "\n")
                lines.flush()
                self.assert_times([lines.readline().rstrip("\n")], [text])

    @in_every_style("time", "tcp:0")
    def test_time_takes_lines_in_pieces(self, server):
        with server.connect() as connection, connection.makefile("r") as lines:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in b"piecemeal\n":
                connection.sendall(bytes([byte]))
            self.assert_times([lines.readline().rstrip("\n")], ["piecemeal"])

    @in_every_style("time", "tcp:0")
    def test_time_answers_a_flood_of_lines_in_order(self, server):
        texts = [str(number) for number in range(20000)]
        with server.connect() as connection:
            answer = exchange(connection, "".join(text + "\n" for text in texts).encode()).decode()
        self.assertEqual([line.partition("] ")[2] for line in answer.splitlines()], texts)

    @in_every_style("time", "tcp:0")
    def test_time_ends_a_client_whose_line_never_ends(self, server):
        with server.connect() as connection:
            with self.assertRaises((ConnectionError, TimeoutError)):
                for _ in range(1000):
                    connection.sendall(b"x" * 65536)
        server.wait_for_error("a line of more than 65536 bytes")
        with server.connect() as connection:
            self.assert_times(exchange(connection, b"next\n").decode().splitlines(), ["next"])

    @in_every_style("discard", "tcp:0")
    def test_discard_answers_nothing(self, server):
        with server.connect() as connection:
            self.assertEqual(exchange(connection, b"x" * (1 << 20)), b"")
        server.stop()
        self.assertIn("1048576 bytes in, 0 bytes out", server.stderr())

    def check_datagrams(self, server, number=0):
        with server.connect(number) as port:
            for data in (b"hello", b"", b"x" * 8192, bytes(range(256)) * 200):
                port.send(data)
                self.assertEqual(port.recv(65536), data)

    @in_every_style("echo", "udp:127.0.0.1:0")
    def test_udp_echo(self, server):
        self.check_datagrams(server)

    @in_every_style("echo", "udp:[::1]:0")
    def test_udp_echo_over_ipv6(self, server):
        self.check_datagrams(server)

    @in_every_style("echo", "unixgram:{folder}/datagrams.sock", "unixgram:@bight-{pid}-d")
    def test_unix_datagram_echo(self, server):
        self.check_datagrams(server, 0)
        self.check_datagrams(server, 1)

    @in_every_style("echo", "unixgram:{folder}/datagrams.sock")
    def test_a_sender_without_a_name_gets_nothing_and_harms_nobody(self, server):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
            nameless.sendto(b"who am I", parse_endpoint(server.endpoint)[2])
        self.check_datagrams(server)

    @in_every_style("echo", "udp:0")
    def test_a_sender_that_has_gone_harms_nobody(self, server):
        for _ in range(20):  # the answers come back as ICMP errors
            with server.connect() as port:
                port.send(b"answer this if you can")
        self.check_datagrams(server)

    @in_every_style("time", "udp:0")
    def test_time_over_datagrams(self, server):
        with server.connect() as port:
            for sent in (b"spam", b"spam\n"):
                port.send(sent)
                answer = port.recv(65536).decode()
                self.assertTrue(answer.endswith("] spam\n"))
                self.assert_times([answer.rstrip("\n")], ["spam"])

    @in_every_style("discard", "udp:0", "tcp:0")
    def test_discard_takes_datagrams(self, server):
        with server.connect() as port:
            port.send(b"to nowhere")
        with server.connect(1) as connection:
            self.assertEqual(exchange(connection, b"also"), b"")

    @in_every_style("echo", "udp:127.0.0.1:0")
    def test_udp_through_ncat(self, server):
        self.need("ncat")
        _, _, (host, port) = parse_endpoint(server.endpoint)
        peer = self.start("ncat", "-u", host, port)
        peer.child.stdin.write(b"by ncat\n")
        peer.read_until(lambda text: text == b"by ncat\n")
        peer.kill()

    @in_every_style("echo", "udp:127.0.0.1:0")
    def test_udp_through_socat(self, server):
        self.need("socat")
        _, _, (host, port) = parse_endpoint(server.endpoint)
        peer = self.start("socat", "-t", "0.1", "-", f"UDP4:{host}:{port}")
        peer.child.stdin.write(b"by socat\n")
        peer.read_until(lambda text: text == b"by socat\n")
        self.assertEqual(peer.finish()[0], 0)

    @in_every_style("echo", "unixgram:{folder}/datagrams.sock")
    def test_unix_datagrams_through_socat(self, server):
        self.need("socat")
        peer = self.start("socat", "-t", "0.1", "-",
                          f"UNIX-SENDTO:{self.folder}/datagrams.sock,bind={self.folder}/socat.sock")
        peer.child.stdin.write(b"by socat\n")
        peer.read_until(lambda text: text == b"by socat\n")
        self.assertEqual(peer.finish()[0], 0)

    @in_every_style("echo", *EVERY_KIND, styles=[*STYLES, "poll", "epoll"])
    def test_every_kind_of_endpoint_at_once(self, server):
        for number, endpoint in enumerate(server.endpoints):
            if endpoint.startswith(("udp", "unixgram")):
                self.check_datagrams(server, number)
            else:
                self.assert_echoes(server, number)

    @in_every_style("echo", "tcp:0", "tcp:0")
    def test_one_busy_endpoint_does_not_hold_up_another(self, server):
        with server.connect(0) as busy:
            busy.sendall(b"x")
            self.assertEqual(busy.recv(1), b"x")
            self.assert_echoes(server, 1)

    @in_every_style("echo", "tcp:localhost:0")
    def test_a_name_is_resolved(self, server):
        self.assertTrue(server.endpoint.startswith("tcp:127.0.0.1:"), server.endpoint)
        self.assert_echoes(server)

    @in_every_style("echo", "udp:0", "unixgram:{folder}/d.sock")
    def test_the_tool_is_a_client_of_its_datagrams(self, server):
        for endpoint in server.endpoints:
            process = self.bight("nc", endpoint)
            process.child.stdin.write(b"one datagram")
            self.assertEqual(process.read_until(lambda text: text == b"one datagram"), b"one datagram")
            process.kill()
