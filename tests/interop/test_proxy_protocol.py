# SPDX-License-Identifier: BSL-1.0
"""The PROXY protocol: `serve` behind HAProxy and nginx, `nc` in front of them, and whoever is neither."""

import os
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, STYLES, BightTest, exchange, open_socket, parse_endpoint, reset  # noqa: E402

ALL_STYLES = (*STYLES, "poll", "epoll")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
NGINX_STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def line(client, port=4711):
    return f"PROXY TCP4 {client} 192.0.2.1 {port} 7\r\n".encode()


def binary(client, port=4711):
    return SIGNATURE + b"\x21\x11\0\x0c" + socket.inet_aton(client) + socket.inet_aton("192.0.2.1") + struct.pack("!HH", port, 7)


LOCAL = SIGNATURE + b"\x20\0\0\0"


class Proxied(BightTest):
    def behind(self, *arguments, style="selectors", listen="tcp:0", trust="127.0.0.0/8,::1"):
        return self.serve("echo", "--listen", listen, "--proxy-protocol", "--trust", trust, "--style", style, *arguments)

    def assert_echoes_behind(self, server, header, text=b"what follows the header"):
        with server.connect() as connection:
            self.assertEqual(exchange(connection, header + text), text)

    def assert_turned_away(self, server, data, ends=False):
        with server.connect() as connection:
            try:
                connection.sendall(data)
                if ends:
                    connection.shutdown(socket.SHUT_WR)
                self.assertEqual(connection.recv(100), b"")
            except (ConnectionResetError, BrokenPipeError):
                pass


class Serve(Proxied):
    def test_versions_and_commands_in_every_style(self):
        for style in ALL_STYLES:
            with self.subTest(style=style):
                server = self.behind(style=style)
                for header in (line("203.0.113.7"), binary("203.0.113.7"), b"PROXY UNKNOWN\r\n", LOCAL,
                               b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"):
                    self.assert_echoes_behind(server, header)
                self.assertEqual(server.stop(), 0)
                self.assertNotIn("refused", server.stderr())

    def test_a_byte_at_a_time(self):
        for style in ALL_STYLES:
            server = self.behind(style=style)
            for header in (line("203.0.113.7"), binary("203.0.113.7")):
                with server.connect() as connection:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for byte in header:
                        connection.sendall(bytes([byte]))
                    self.assertEqual(exchange(connection, b"text"), b"text")

    def test_who_is_not_trusted_is_turned_away(self):
        for style in ALL_STYLES:
            with self.subTest(style=style):
                server = self.behind(style=style, trust="10.0.0.0/8")
                self.assert_turned_away(server, line("203.0.113.7") + b"text")
                server.stop()
                self.assertIn("0 connections, 0 bytes in, 0 bytes out, 1 refused\n", server.stderr())

    def test_over_unix_sockets(self):
        for style in ("thread", "selectors", "async"):
            server = self.behind(style=style, listen=f"unix:{self.folder}/s", trust="unix")
            self.assert_echoes_behind(server, line("203.0.113.7"))
            server.stop()
            server = self.behind(style=style, listen=f"unix:{self.folder}/s")
            self.assert_turned_away(server, line("203.0.113.7"))
            server.stop()

    def test_what_is_no_header(self):
        for style in ALL_STYLES:
            with self.subTest(style=style):
                server = self.behind(style=style)
                self.assert_turned_away(server, b"GET / HTTP/1.1\r\n\r\n")
                server.wait_for_error("PROXY protocol: not a header")
                self.assert_turned_away(server, line("203.0.113.7")[:20], ends=True)
                self.assert_turned_away(server, SIGNATURE + b"\x21\x11\xff\xff")
                server.wait_for_error("PROXY protocol: a header of 65551 bytes")
                for data in (b"", b"PROXY TCP4 ", binary("203.0.113.7")[:20]):
                    with server.connect() as connection:
                        connection.sendall(data)
                        reset(connection)
                self.assert_echoes_behind(server, binary("203.0.113.7"))

    def test_a_header_that_is_late(self):
        for style in ("thread", "selectors", "async"):
            with self.subTest(style=style):
                server = self.behind(style=style)
                start = time.monotonic()
                with server.connect() as silent:
                    silent.sendall(b"PROXY ")
                    self.assert_echoes_behind(server, line("203.0.113.7"))  # meanwhile
                    self.assertEqual(silent.recv(100), b"")
                self.assertGreater(time.monotonic() - start, 2.5)
                server.stop()
                self.assertIn("1 failed", server.stderr())

    def test_limits_hold_for_the_client_and_not_for_the_proxy(self):
        for style in ("thread", "pool", "select", "selectors", "async"):
            with self.subTest(style=style):
                server = self.behind("--max-conn", "16", style=style)  # two for each client

                def visit(client):
                    connection = self.connect(server)
                    connection.sendall(line(client) + b"x")
                    return connection

                clients = [visit("203.0.113.7"), visit("203.0.113.7"), visit("203.0.113.8")]
                for client in clients:
                    self.assertEqual(client.recv(1), b"x")
                try:
                    self.assertEqual(visit("203.0.113.7").recv(1), b"")
                except ConnectionResetError:
                    pass
                server.wait_for_error("the limit of 2 connections of one peer is reached by 203.0.113.7")
                clients[0].close()
                self.assert_eventually(lambda: self.is_served(visit("203.0.113.7")), "its place is free again")

    @staticmethod
    def is_served(connection):
        try:
            return connection.recv(1) == b"x"
        except ConnectionResetError:
            return False

    def test_daytime_waits_for_the_header(self):
        for style in ("thread", "selectors", "async"):
            server = self.serve("daytime", "--listen", "tcp:0", "--proxy-protocol", "--trust", "127.0.0.1", "--style", style)
            with server.connect() as connection:
                connection.settimeout(0.1)
                self.assertRaises(TimeoutError, connection.recv, 100)
                connection.settimeout(DEADLINE)
                connection.sendall(line("203.0.113.7"))
                self.assertTrue(connection.recv(100).endswith(b"\r\n"))

    def test_options_that_do_not_go_together(self):
        for arguments in (["--proxy-protocol"], ["--trust", "10.0.0.0/8"], ["--proxy-protocol", "--trust", "x"],
                          ["--proxy-protocol", "--trust", "10.0.0.1/8"], ["--proxy-protocol", "--trust", "10.0.0.0/8,,::1"]):
            code, output, errors = self.run_bight("serve", "echo", "--listen", "tcp:0", *arguments)
            self.assertEqual((code, output), (2, b""), errors)
        code, _, errors = self.run_bight("serve", "echo", "--listen", "udp:0", "--proxy-protocol", "--trust", "::1")
        self.assertEqual(code, 2, errors)
        for arguments in (["--proxy-protocol", "v3", "tcp:1"], ["-l", "--proxy-protocol", "v1", "tcp:0"],
                          ["-u", "--proxy-protocol", "v1", "127.0.0.1", "1"]):
            code, _, errors = self.run_bight("nc", *arguments)
            self.assertEqual(code, 2, errors)


class Peers(Proxied):
    def haproxy(self, server, front="", back="send-proxy-v2"):
        """At the path `ha`, in front of `server`."""
        self.need("haproxy")
        config = self.folder / "haproxy.cfg"
        config.write_text(
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
            f"listen front\n  bind unix@{self.folder}/ha {front}\n  unique-id-format %pid-%rt-and-more\n"
            f"  server back {server} {back}\n")
        process = self.start("haproxy", "-db", "-f", config)
        self.wait_for_path(process, "ha")
        return process

    def nginx(self, server_block):
        """At the path `ng`."""
        self.need("nginx")
        if not NGINX_STREAM.exists():
            self.skipTest("nginx's stream module is not installed")
        config = self.folder / "nginx.conf"
        config.write_text(
            f"load_module {NGINX_STREAM};\ndaemon off;\nmaster_process off;\npid {self.folder}/pid;\n"
            f"error_log stderr;\nevents {{}}\nstream {{ server {{ listen unix:{self.folder}/ng {server_block} }} }}\n")
        process = self.start("nginx", "-p", self.folder, "-e", "stderr", "-c", config)
        self.wait_for_path(process, "ng")
        return process

    def wait_for_path(self, process, name):
        def listens():
            self.assertIsNone(process.child.poll(), process.stderr())
            try:
                open_socket(f"unix:{self.folder}/{name}").close()
                return True
            except OSError:
                return False

        self.assert_eventually(listens, f"{name} listens")

    def address(self, server):
        return "127.0.0.1:%d" % parse_endpoint(server.endpoint)[2][1]

    def through(self, name, data):
        with open_socket(f"unix:{self.folder}/{name}") as connection:
            return exchange(connection, data)

    def test_behind_haproxy(self):
        for style in ("thread", "fork", "selectors", "async"):
            for back in ("send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id,ssl"):
                with self.subTest(style=style, back=back):
                    server = self.behind("--max-conn", "8", style=style)
                    haproxy = self.haproxy(self.address(server), "accept-proxy", back)
                    for data in (b"text", b"x" * 300000):
                        self.assertEqual(self.through("ha", line("203.0.113.7") + data), data)
                    server.stop()
                    self.assertNotIn("PROXY", server.stderr())
                    haproxy.kill()
                    os.unlink(self.folder / "ha")

    def test_haproxy_says_who_the_client_is(self):
        for back in ("send-proxy", "send-proxy-v2 proxy-v2-options crc32c"):
            server = self.behind("--max-conn", "8")  # one for each client
            haproxy = self.haproxy(self.address(server), "accept-proxy", back)
            with open_socket(f"unix:{self.folder}/ha") as first:
                first.sendall(line("203.0.113.7") + b"x")
                self.assertEqual(first.recv(1), b"x")
                self.assertEqual(self.through("ha", line("203.0.113.7", 4712) + b"y"), b"")
                self.assertEqual(self.through("ha", line("203.0.113.8") + b"y"), b"y")
            server.wait_for_error("is reached by 203.0.113.7")
            haproxy.kill()
            os.unlink(self.folder / "ha")

    def test_haproxy_relays_a_unix_client_and_looks_after_us(self):
        for back in ("send-proxy", "send-proxy-v2 proxy-v2-options crc32c", "send-proxy-v2 check inter 50ms"):
            server = self.behind()
            haproxy = self.haproxy(self.address(server), "", back)
            self.assertEqual(self.through("ha", b"text"), b"text")
            haproxy.kill()
            os.unlink(self.folder / "ha")
            self.assertEqual(server.stop(), 0)
            self.assertNotIn("PROXY protocol:", server.stderr())

    def test_behind_nginx(self):
        for style in ("thread", "selectors", "async"):
            server = self.behind(style=style)
            nginx = self.nginx(f"; proxy_pass {self.address(server)}; proxy_protocol on; proxy_half_close on;")
            for data in (b"text", b"x" * 300000):
                self.assertEqual(self.through("ng", data), data)
            nginx.kill()
            os.unlink(self.folder / "ng")
            self.assertEqual(server.stop(), 0)

    def test_nc_is_understood_by_haproxy(self):
        """Which then says itself, in version 1, what it has understood."""
        self.need("haproxy")
        with socket.create_server(("127.0.0.1", 0)) as front, socket.create_server(("127.0.0.1", 0)) as back:
            back.settimeout(DEADLINE)
            port = front.getsockname()[1]
            config = self.folder / "haproxy.cfg"
            config.write_text("defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
                              f"listen front\n  bind fd@{front.fileno()} accept-proxy\n"
                              f"  server back 127.0.0.1:{back.getsockname()[1]} send-proxy\n")
            self.start("haproxy", "-db", "-f", config, pass_fds=[front.fileno()])
            for version in ("v1", "v2"):
                process = self.start(BIGHT, "nc", "-p", "0", "--proxy-protocol", version, "127.0.0.1", port)
                process.child.stdin.write(b"text")
                connection, _ = back.accept()
                with connection:
                    connection.settimeout(DEADLINE)
                    got = b""
                    while not got.endswith(b"text"):
                        part = connection.recv(1000)
                        self.assertTrue(part, got)
                        got += part
                self.assertRegex(got.decode(), f"^PROXY TCP4 127.0.0.1 127.0.0.1 [1-9][0-9]* {port}\r\ntext$")
                process.kill()

    def test_nc_says_who_it_is(self):
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.create_server((host, 0), family=family) as listener:
                listener.settimeout(DEADLINE)
                port = listener.getsockname()[1]
                for version in ("v1", "v2"):
                    process = self.start(BIGHT, "nc", "--proxy-protocol", version, host, port)
                    connection, peer = listener.accept()
                    with connection:
                        connection.settimeout(DEADLINE)
                        process.child.stdin.write(b"text")
                        process.child.stdin.close()
                        got = b"".join(iter(lambda: connection.recv(1000), b""))
                    packed = socket.inet_pton(family, host)
                    number = 4 if family == socket.AF_INET else 6
                    if version == "v1":
                        expected = f"PROXY TCP{number} {host} {host} {peer[1]} {port}\r\n".encode()
                    else:
                        block = packed + packed + struct.pack("!HH", peer[1], port)
                        expected = SIGNATURE + struct.pack("!BBH", 0x21, 0x11 if number == 4 else 0x21, len(block)) + block
                    self.assertEqual(got, expected + b"text")
                    self.assertEqual(process.wait(), 0)

    def test_nginx_reads_headers_of_our_form(self):
        self.nginx("proxy_protocol; return $proxy_protocol_addr:$proxy_protocol_port;")
        for header in (line("203.0.113.7"), binary("203.0.113.7")):
            with open_socket(f"unix:{self.folder}/ng") as connection:
                connection.sendall(header)
                self.assertEqual(connection.recv(100), b"203.0.113.7:4711")

    def test_nc_is_understood_by_serve(self):
        for style in ALL_STYLES:
            server = self.behind(style=style)
            for version in ("v1", "v2"):
                process = self.start(BIGHT, "nc", "--proxy-protocol", version, server.endpoint)
                self.assertEqual(process.finish(b"text"), (0, b"text"))
