# SPDX-License-Identifier: BSL-1.0
"""The services that speak first: daytime (RFC 867), chargen (RFC 864), the time as a number (RFC 868)."""

import array
import fcntl
import select
import socket
import struct
import sys
import termios
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, STYLES, BightTest, has_sanitizer, in_every_style, parse_endpoint, read_to_end  # noqa: E402

ALL_STYLES = (*STYLES, "poll", "epoll")
STREAMS = ["tcp:0", "unix:{folder}/s.sock"]
DATAGRAMS = ["udp:0", "unixgram:{folder}/d.sock"]


def characters(size):
    """What RFC 864 wants, made another way."""
    printing = "".join(map(chr, range(32, 127))) * 2
    lines = (printing[row % 95:row % 95 + 72] + "\r\n" for row in range(size // 74 + 1))
    return "".join(lines).encode()[:size]


class Daytime(BightTest):
    def assert_now(self, text):
        self.assertTrue(text.endswith(b"\r\n"), text)
        said = time.mktime(time.strptime(text.decode().strip(), "%a %b %d %H:%M:%S %Y"))
        self.assertLess(abs(said - time.time()), 10)

    @in_every_style("daytime", *STREAMS, styles=ALL_STYLES)
    def test_over_streams_it_speaks_and_ends(self, server):
        for number in range(2):
            with server.connect(number) as client:
                self.assert_now(read_to_end(client))

    @in_every_style("daytime", "tcp:0", styles=ALL_STYLES)
    def test_what_the_client_says_does_not_cut_it_off(self, server):
        for _ in range(20):
            with server.connect() as client:
                client.sendall(b"x" * 100000)
                client.shutdown(socket.SHUT_WR)
                self.assert_now(read_to_end(client))

    @in_every_style("daytime", *DATAGRAMS, styles=ALL_STYLES)
    def test_over_datagrams_it_answers(self, server):
        for number in range(2):
            with server.connect(number) as port:
                for asked in (b"", b"whatever"):
                    port.send(asked)
                    self.assert_now(port.recv(1000))

    @in_every_style("daytime", "tcp:0", styles=ALL_STYLES)
    def test_a_client_that_stays_is_left(self, server):
        with server.connect() as client:
            read_to_end(client)
            with server.connect() as other:  # of an iterative server too, after a second
                self.assert_now(read_to_end(other))


class AsANumber(BightTest):
    def assert_now(self, data):
        self.assertEqual(len(data), 4)
        self.assertLess(abs(struct.unpack("!I", data)[0] - 2208988800 - time.time()), 10)

    @in_every_style("rfc868", *STREAMS, styles=ALL_STYLES)
    def test_over_streams(self, server):
        for number in range(2):
            with server.connect(number) as client:
                self.assert_now(read_to_end(client))

    @in_every_style("rfc868", *DATAGRAMS)
    def test_over_datagrams(self, server):
        for number in range(2):
            with server.connect(number) as port:
                port.send(b"")
                self.assert_now(port.recv(1000))


class Chargen(BightTest):
    def read(self, client, size):
        data = b""
        while len(data) < size:
            part = client.recv(size - len(data))
            self.assertTrue(part)
            data += part
        return data

    def wait_until_full(self, client):
        """Until no more comes for some time, as far as the kernel's queue for the client tells."""
        def unread():
            count = array.array("i", [0])
            fcntl.ioctl(client, termios.FIONREAD, count)
            return count[0]

        def rests():
            before = unread()
            time.sleep(0.2)
            return unread() == before

        self.assert_eventually(rests, "the queues are full")

    @in_every_style("chargen", *STREAMS, styles=ALL_STYLES)
    def test_the_text(self, server):
        for number in range(2):
            with server.connect(number) as client:
                self.assertEqual(self.read(client, 1 << 20), characters(1 << 20))

    @in_every_style("chargen", "tcp:0", styles=ALL_STYLES)
    def test_what_the_client_says_is_thrown_away(self, server):
        with server.connect() as client:
            client.sendall(b"x" * 10000)
            self.assertEqual(self.read(client, 100000), characters(100000))
            client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 16):
                pass  # it ends, as the client has
        server.stop()
        self.assertIn("1 connections, 10000 bytes in, ", server.stderr())
        self.assertNotIn("failed", server.stderr())

    @in_every_style("chargen", "tcp:0", styles=[style for style in ALL_STYLES if style not in ("iterative", "prefork")])
    def test_slow_readers_cost_nothing(self, server):
        with server.connect() as client:
            self.read(client, 100000)
        before = server.resident_bytes()
        clients = [self.connect(server) for _ in range(20)]
        for client in clients:
            self.read(client, 1000)
        server.wait_until_it_rests()  # what it does for them until their buffers are full is its work
        used, until = server.cpu_seconds(), time.monotonic() + 0.5
        while time.monotonic() < until:
            select.select([server.child.stdout], [], [], until - time.monotonic())
        self.assertLess(server.cpu_seconds() - used, 0.2)  # it waits for them, and does not spin
        most = 32 if has_sanitizer() else 8  # sanitizers keep a shadow of each thread's stack
        self.assertLess(server.resident_bytes() - before, most << 20)
        for client in clients:
            client.close()

    @in_every_style("chargen", *DATAGRAMS, styles=ALL_STYLES)
    def test_over_datagrams_it_answers_with_no_more_than_it_was_asked_with(self, server):
        for number in range(2):
            with server.connect(number) as port:
                for size in (0, 1, 100, 512, 513, 5000):
                    port.send(b"x" * size)
                    self.assertEqual(port.recv(10000), characters(min(size, 512)))

    def test_a_drain_does_not_wait_for_what_never_ends(self):
        for style in ALL_STYLES:
            with self.subTest(style=style):
                server = self.serve("chargen", "--listen", "tcp:0", "--style", style, "--drain", "30s")
                with server.connect() as client:
                    self.read(client, 1000)
                    start = time.monotonic()
                    server.send(15)
                    while client.recv(1 << 16):
                        pass
                    self.assertEqual(server.wait(), 0, server.stderr())
                    self.assertLess(time.monotonic() - start, 10)

    def test_a_drain_does_not_wait_for_who_does_not_read(self):
        for style in ALL_STYLES:
            with self.subTest(style=style):
                server = self.serve("chargen", "--listen", "tcp:0", "--style", style, "--drain", "60s")
                with server.connect() as client:
                    self.read(client, 1000)
                    self.wait_until_full(client)
                    start = time.monotonic()
                    self.assertEqual(server.stop(), 0, server.stderr())
                    self.assertLess(time.monotonic() - start, 10)
                    self.assertNotIn("failed", server.stderr())

    def test_who_does_not_read_is_idle(self):
        for style in ("iterative", "thread"):
            with self.subTest(style=style):
                server = self.serve("chargen", "--listen", "tcp:0", "--style", style, "--idle", "500ms")
                start, before = time.monotonic(), server.descriptors()
                with server.connect() as client:
                    self.read(client, 1000)
                    self.assert_eventually(lambda: server.descriptors() <= before, "the connection is closed")
                    self.assertGreater(time.monotonic() - start, 0.4)
                self.assertEqual(server.stop(), 0, server.stderr())
                self.assertIn("1 failed", server.stderr())

    def test_the_tool_is_a_client(self):
        server = self.serve("chargen", "--listen", "tcp:0")
        process = self.start(BIGHT, "nc", server.endpoint)
        self.assertTrue(process.read_until(lambda text: len(text) > 10000).startswith(characters(10000)))


class Loops(BightTest):
    def test_the_port_of_another_such_service_has_no_answer(self):
        """Else two of them would answer each other for ever (CVE-1999-0103)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            try:
                other.bind(("127.0.0.1", 19))
            except OSError as error:
                self.skipTest(f"port 19 cannot be had: {error}")
            other.settimeout(0.1)
            for what in ("echo", "time", "daytime", "chargen", "rfc868"):
                for style in ("thread", "selectors"):
                    server = self.serve(what, "--listen", "udp:0", "--style", style)
                    address = parse_endpoint(server.endpoint)[2]
                    other.sendto(b"hello", address)
                    with server.connect() as port:
                        port.send(b"hello")
                        port.recv(1000)  # so the first was read before
                    self.assertRaises(TimeoutError, other.recv, 1000)
                    self.assertEqual(server.stop(), 0)
                    self.assertIn("2 datagrams", server.stderr())
