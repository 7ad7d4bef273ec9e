# SPDX-License-Identifier: BSL-1.0
"""`bight serve`, to the letter of its contract: what it prints, where, and when."""

import os
import re
import signal
import stat
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, STYLES, BightTest, descriptor_limit, exchange, in_every_style, parse_endpoint  # noqa: E402

SCHEMES = ["tcp:0", "tcp:127.0.0.1:0", "tcp:[::1]:0", "udp:0", "unix:{folder}/s", "unixgram:{folder}/d", "unix:@bight-{pid}"]


class Contract(BightTest):
    @in_every_style("echo", *SCHEMES)
    def test_the_listening_lines(self, server):
        port = "[1-9][0-9]*"
        expected = [f"tcp:127\\.0\\.0\\.1:{port}", f"tcp:127\\.0\\.0\\.1:{port}", f"tcp:\\[::1\\]:{port}",
                    f"udp:127\\.0\\.0\\.1:{port}", f"unix:{self.folder}/s", f"unixgram:{self.folder}/d",
                    f"unix:@bight-{os.getpid()}"]
        text = server.output.decode()
        self.assertRegex(text, "^" + "".join(f"listening on {line}\n" for line in expected) + "$")
        self.assertEqual(server.stderr(), "")
        for number, endpoint in enumerate(server.endpoints):  # once it says so, it accepts
            if not endpoint.startswith(("udp", "unixgram")):
                self.assert_echoes(server, number)

    @in_every_style("echo", "127.0.0.1:0", "localhost:0")
    def test_a_bare_host_and_port_is_tcp(self, server):
        for endpoint in server.endpoints:
            self.assertRegex(endpoint, r"^tcp:127\.0\.0\.1:[0-9]+$")

    @in_every_style("echo", "tcp://127.0.0.1:0")
    def test_a_url_is_an_alias(self, server):
        self.assertRegex(server.endpoint, r"^tcp:127\.0\.0\.1:[0-9]+$")

    def test_the_exact_port_that_was_asked_for(self):
        first = self.serve("echo", "--listen", "tcp:0")
        self.assertEqual(first.stop(), 0)
        again = self.serve("echo", "--listen", first.endpoint)
        self.assertEqual(again.endpoint, first.endpoint)

    def test_any_address_only_where_it_is_asked_for(self):
        for text, printed in (("tcp:0", "tcp:127.0.0.1:"), ("tcp:0.0.0.0:0", "tcp:0.0.0.0:"), ("tcp:[::]:0", "tcp:[::]:")):
            self.assertTrue(self.serve("echo", "--listen", text).endpoint.startswith(printed))

    def test_the_sums_are_on_standard_error(self):
        for style in STYLES:
            server = self.serve("echo", "--listen", "tcp:0", "--style", style)
            with server.connect() as connection:
                exchange(connection, b"12345")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.child.stdout.read(), b"")
            self.assertEqual(server.stderr(), "bight: 1 connections, 5 bytes in, 5 bytes out\n")

    def test_a_signal_that_is_blocked_or_ignored_by_the_parent_still_ends_it(self):
        def inherit():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

        for number in (signal.SIGINT, signal.SIGTERM):
            self.assertEqual(self.serve("echo", "--listen", "tcp:0", preexec_fn=inherit).stop(number), 0)


class PortFile(BightTest):
    def serve_with_file(self, *endpoints):
        path = self.folder / "ports"
        listen = [word for endpoint in endpoints for word in ("--listen", endpoint)]
        server = self.serve("echo", *listen, "--port-file", path)
        return server, path

    def test_it_holds_the_port(self):
        server, path = self.serve_with_file("tcp:0")
        self.assertEqual(path.read_text(), str(parse_endpoint(server.endpoint)[2][1]) + "\n")
        self.assert_echoes(server)

    def test_it_holds_the_path(self):
        _, path = self.serve_with_file(f"unix:{self.folder}/s.sock")
        self.assertEqual(path.read_text(), f"{self.folder}/s.sock\n")

    def test_a_line_for_each_endpoint(self):
        server, path = self.serve_with_file("tcp:0", "udp:0", "unix:@bight-port-file-%d" % os.getpid())
        ports = [str(parse_endpoint(endpoint)[2][1]) for endpoint in server.endpoints[:2]]
        self.assertEqual(path.read_text().splitlines(), ports + [f"@bight-port-file-{os.getpid()}"])

    def test_what_was_there_before_is_replaced_as_a_whole(self):
        path = self.folder / "ports"
        path.write_text("of yesterday" * 1000)
        with path.open() as reader:
            server, _ = self.serve_with_file("tcp:0")
            self.assertEqual(reader.read(), "of yesterday" * 1000)  # another file has taken its name
        self.assertEqual(path.read_text(), server.endpoint.rpartition(":")[2] + "\n")
        self.assertEqual(os.listdir(self.folder), ["ports"])
        self.assertTrue(path.stat().st_mode & stat.S_IRUSR)

    def test_it_is_there_before_the_lines_are(self):
        for _ in range(20):
            server, path = self.serve_with_file("tcp:0")
            self.assertTrue(path.exists())
            server.stop()
            path.unlink()

    def test_where_it_cannot_be_written(self):
        for path in (self.folder / "none" / "ports", self.folder):
            code, output, errors = self.run_bight("serve", "echo", "--listen", f"unix:{self.folder}/s", "--port-file", path)
            self.assertEqual((code, output, errors.count("\n")), (1, b"", 1), errors)
            self.assertEqual([name for name in os.listdir(self.folder) if name != "none"], [])


class Descriptors(BightTest):
    def test_no_limits_takes_what_is_allowed(self):
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard <= 64:
            self.skipTest("few descriptors are allowed here")

        def few_for_now():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))

        def limit_of(server):
            return int(re.search(r"Max open files +(\d+)", Path(f"/proc/{server.pid}/limits").read_text()).group(1))

        self.assertEqual(limit_of(self.serve("echo", "--listen", "tcp:0", preexec_fn=few_for_now)), 64)
        self.assertEqual(limit_of(self.serve("echo", "--listen", "tcp:0", "--no-limits", preexec_fn=few_for_now)), hard)

    def test_too_few_descriptors_to_begin(self):
        for style in STYLES:
            # A leak sanitizer wants descriptors at the end, too.
            environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
            process = self.start(BIGHT, "serve", "echo", "--listen", "tcp:0", "--style", style,
                                 preexec_fn=descriptor_limit(4), env=environment)
            self.assertEqual((*process.finish(), process.stderr().count("\n")), (1, b"", 1), process.stderr())
            self.assertIn("too many open files", process.stderr())
