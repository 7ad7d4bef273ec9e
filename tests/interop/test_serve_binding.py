# SPDX-License-Identifier: BSL-1.0
"""Where a server can listen and where not, what it says then, and what it leaves behind."""

import os
import signal
import socket
import stat
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, STYLES, BightTest, exchange, in_every_style, parse_endpoint  # noqa: E402


class Refused(BightTest):
    def assert_refused(self, code, text, *endpoints, styles=tuple(STYLES), prefix=()):
        """One line on standard error with `text`, nothing on standard output."""
        for style in styles:
            with self.subTest(style=style):
                listen = [word for endpoint in endpoints for word in ("--listen", endpoint)]
                process = self.start(*prefix, BIGHT, "serve", "echo", *listen, "--style", style)
                self.assertEqual((*process.finish(), process.stderr().count("\n")), (code, b"", 1), process.stderr())
                self.assertIn(text, process.stderr())
                self.assertTrue(process.stderr().startswith("bight: "), process.stderr())

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assert_refused(1, f"bind to 127.0.0.1:{port}: address already in use (", f"tcp:127.0.0.1:{port}")

    def test_a_port_in_use_by_datagrams(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            self.assert_refused(1, "address already in use", f"udp:{taken.getsockname()[1]}")

    def test_a_port_that_needs_a_capability(self):
        if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80:
            self.skipTest("every port is free to all here")
        prefix = ()
        if os.geteuid() == 0:
            self.need("setpriv")
            prefix = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")
        self.assert_refused(1, "bind to 127.0.0.1:80: permission denied (", "tcp:80", prefix=prefix)

    def test_an_address_of_somebody_else(self):
        self.assert_refused(1, "bind to 192.0.2.1:0: cannot assign requested address (", "tcp:192.0.2.1:0")

    def test_an_unknown_host(self):
        self.assert_refused(6, "no-such-host.invalid", "tcp:no-such-host.invalid:0", prefix=self.world())

    def test_a_path_that_is_too_long(self):
        self.assert_refused(1, "file name too long", "unix:" + "x" * 108)

    def test_an_abstract_name_that_is_too_long(self):
        self.assert_refused(1, "file name too long", "unix:@" + "x" * 108)

    def test_a_folder_that_is_not_there(self):
        self.assert_refused(1, "no such file or directory", f"unix:{self.folder}/none/s.sock")

    def test_a_path_that_somebody_listens_at(self):
        path = f"{self.folder}/s.sock"
        with socket.socket(socket.AF_UNIX) as taken:
            taken.bind(path)
            taken.listen()
            self.assert_refused(1, "address already in use", f"unix:{path}")
            self.assertTrue(os.path.exists(path))

    def test_a_path_that_is_a_file(self):
        path = self.folder / "file"
        path.write_text("of value")
        self.assert_refused(1, "address already in use", f"unix:{path}")
        self.assertEqual(path.read_text(), "of value")

    def test_what_is_no_endpoint(self):
        for text in ("", "tcp:", "tcp:127.0.0.1", "tcp:127.0.0.1:x", "tcp:127.0.0.1:65536", "tcp:::1:0",
                     "unix:", "tls:0", "fd:", "fd:x", "systemd:", "stdio:x", "fd:3:a=b", "tcp:0:backlog=5", "tcp:127.0.0.1:-1", "tcp:127.0.0.1:0x50"):
            with self.subTest(endpoint=text):
                self.assert_refused(2, "", text, styles=("selectors",))

    def test_a_host_longer_than_any_name(self):
        self.assert_refused(2, "", "tcp:" + "a." * 127 + ":0", styles=("selectors",))

    def test_the_second_endpoint_undoes_the_first(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.assert_refused(1, "in use", f"unix:{self.folder}/s.sock", f"tcp:{taken.getsockname()[1]}")
        self.assertEqual(os.listdir(self.folder), [])


class Paths(BightTest):
    def path(self, server):
        return Path(parse_endpoint(server.endpoint)[2])

    @in_every_style("echo", "unix:{folder}/s.sock")
    def test_a_path_is_for_this_user_only(self, server):
        self.assertEqual(stat.S_IMODE(self.path(server).stat().st_mode), 0o700)

    @in_every_style("echo", "unix:{folder}/s.sock", "unixgram:{folder}/d.sock")
    def test_a_path_goes_with_the_server(self, server):
        self.assertEqual(sorted(os.listdir(self.folder)), ["d.sock", "s.sock"])
        server.stop()
        self.assertEqual(os.listdir(self.folder), [])

    @in_every_style("echo", "unix:{folder}/s.sock", "unixgram:{folder}/d.sock", code=-signal.SIGKILL)
    def test_a_path_that_a_crash_left_is_taken_over(self, server):
        server.send(signal.SIGKILL)
        server.wait()
        self.assertEqual(sorted(os.listdir(self.folder)), ["d.sock", "s.sock"])
        again = self.serve("echo", "--listen", server.endpoints[0], "--listen", server.endpoints[1])
        self.assert_echoes(again)
        self.assertEqual(again.stop(), 0)
        self.assertEqual(os.listdir(self.folder), [])

    @in_every_style("echo", "unix:{folder}/s.sock")
    def test_a_path_of_a_successor_stays(self, server):
        path = self.path(server)
        path.unlink()
        successor = self.serve("echo", "--listen", f"unix:{path}")
        self.assertEqual(server.stop(), 0)
        self.assertTrue(path.exists())
        self.assert_echoes(successor)
        successor.stop()

    def test_strange_characters(self):
        name = "a b:c\\d[e]é\n"
        text = str(self.folder / name).replace("\\", "\\\\").replace(":", "\\:").replace("[", "\\[").replace("]", "\\]")
        for style in STYLES:
            with self.subTest(style=style):
                server = self.start(BIGHT, "serve", "echo", "--listen", f"unix:{text}", "--style", style,
                                    "--port-file", self.folder / "port")
                server.read_until(lambda output: len(output.decode()) >= len(f"listening on unix:{text}\n"))
                self.assertEqual(server.output.decode(), f"listening on unix:{text}\n")
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(str(self.folder / name))
                self.assertEqual(server.stop(), 0)
                self.assertEqual(os.listdir(self.folder), ["port"])

    @in_every_style("echo", "unix:@bight-{pid}")
    def test_an_abstract_name_is_no_file(self, server):
        self.assert_echoes(server)
        self.assertEqual(os.listdir(self.folder), [])


class Restart(BightTest):
    def test_a_port_can_be_had_again_at_once(self):
        for style in STYLES:
            with self.subTest(style=style):
                server = self.serve("echo", "--listen", "tcp:0", "--style", style)
                with server.connect() as connection:
                    connection.sendall(b"x")
                    connection.recv(1)
                    server.send_and_see_taken(signal.SIGTERM)
                    server.stop()  # it closes first, so its side lingers in TIME_WAIT
                again = self.serve("echo", "--listen", server.endpoint, "--style", style)
                self.assert_echoes(again)

    def test_after_a_kill_its_port_can_be_had_again_at_once(self):
        for style in STYLES:
            with self.subTest(style=style):
                server = self.serve("echo", "--listen", "tcp:0", "--style", style)
                with server.connect() as connection:
                    self.assertEqual(exchange(connection, b"x"), b"x")
                    server.kill()  # and the kernel has a ring to end, which has the listener
                    again = self.serve("echo", "--listen", server.endpoint, "--style", style)
                    self.assert_echoes(again)

    def test_a_path_that_is_free_soon_is_had(self):
        path = str(self.folder / "s.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            server = self.bight("serve", "echo", "--listen", f"unix:{path}")
            listener.settimeout(DEADLINE)
            listener.accept()[0].close()  # it has asked whether somebody listens there, and will ask again
            server.stand_still()
        server.send(signal.SIGCONT)
        self.assertEqual(server.read_until(lambda text: text.endswith(b"\n")), b"listening on unix:%s\n" % path.encode())

    def test_a_running_server_keeps_its_port(self):
        for style in STYLES:
            server = self.serve("echo", "--listen", "tcp:0", "--style", style)
            self.assertEqual(self.run_bight("serve", "echo", "--listen", server.endpoint, "--style", style)[0], 1)
            self.assert_echoes(server)
