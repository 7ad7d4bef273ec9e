# SPDX-License-Identifier: BSL-1.0
"""`bight serve` on sockets that were open before it began: systemd's activation, inetd, any number; and what it tells
the service manager."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, STYLES, BightTest, Process, exchange, open_socket  # noqa: E402
from launching import with_sockets  # noqa: E402


def bound_port():
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind(("127.0.0.1", 0))
    return port


class Inherited(BightTest):
    def launch(self, sockets, *arguments, names=""):
        """`bight serve echo ARGUMENTS`, which has the sockets from its start; ours are closed."""
        command, options = with_sockets([BIGHT, "serve", "echo", *arguments], sockets, names)
        process = self.keep(Process(command, stdin=subprocess.DEVNULL, **options))
        for each in sockets:
            each.close()
        return process

    def lines(self, process, count):
        return process.read_until(lambda text: text.count(b"\n") >= count).decode().splitlines()

    def exchange_with(self, endpoint, data=b"by whoever"):
        with open_socket(endpoint) as connection:
            if endpoint.startswith(("udp:", "unixgram:")):
                connection.send(data)
                self.assertEqual(connection.recv(1 << 16), data)
            else:
                self.assertEqual(exchange(connection, data), data)


class Systemd(Inherited):
    def sockets(self):
        path = socket.socket(socket.AF_UNIX)
        path.bind(str(self.folder / "s.sock"))
        path.listen()
        return [socket.create_server(("127.0.0.1", 0)), path, bound_port(),
                socket.create_server(("::1", 0), family=socket.AF_INET6)]

    def test_every_kind_in_every_style(self):
        for style in STYLES:
            with self.subTest(style=style):
                sockets = self.sockets()
                expected = [f"tcp:127.0.0.1:{sockets[0].getsockname()[1]}", f"unix:{self.folder}/s.sock",
                            f"udp:127.0.0.1:{sockets[2].getsockname()[1]}", f"tcp:[::1]:{sockets[3].getsockname()[1]}"]
                process = self.launch(sockets, "--listen", "systemd:web", "--listen", "systemd:dns", "--listen",
                                      "systemd:six", "--style", style, names="web:web:dns:six")
                self.assertEqual(self.lines(process, 4), ["listening on " + endpoint for endpoint in expected])
                for endpoint in expected:
                    self.exchange_with(endpoint)
                self.assertEqual(process.stop(), 0, process.stderr())
                self.assertTrue((self.folder / "s.sock").exists())  # it belongs to whoever bound it
                (self.folder / "s.sock").unlink()

    def test_who_connected_before_it_began_is_served(self):
        listener = socket.create_server(("127.0.0.1", 0))
        with socket.create_connection(listener.getsockname()) as early:
            early.settimeout(DEADLINE)
            early.sendall(b"I woke you")
            self.launch([listener], "--listen", "systemd:unknown")
            self.assertEqual(early.recv(100), b"I woke you")

    def test_beside_what_it_binds_itself(self):
        process = self.launch([socket.create_server(("127.0.0.1", 0))], "--listen", "tcp:0", "--listen", "systemd:a",
                              names="a")
        for line in self.lines(process, 2):
            self.exchange_with(line.removeprefix("listening on "))

    def test_a_name_that_was_not_passed(self):
        process = self.launch([socket.create_server(("127.0.0.1", 0)), bound_port()], "--listen", "systemd:c", names="a:b")
        self.assertEqual(process.wait(), 1)
        self.assertEqual(process.stderr(), "bight: systemd passed no socket with the name 'c': those it passed are 'a', 'b'\n")
        code, _, errors = self.run_bight("serve", "echo", "--listen", "systemd:c")
        self.assertEqual((code, errors), (1, "bight: systemd passed no socket with the name 'c', nor any other\n"))

    def test_one_that_nobody_asked_for(self):
        process = self.launch([socket.create_server(("127.0.0.1", 0)), bound_port()], "--listen", "systemd:a", names="a:b")
        self.lines(process, 1)
        process.wait_for_error("bight: systemd passed the socket 'b' too, which nobody serves\n")

    def test_variables_that_say_nothing_sensible(self):
        process = self.launch([socket.create_server(("127.0.0.1", 0))], "--listen", "systemd:a", names="a:b")
        self.assertEqual(process.wait(), 2)
        self.assertIn("LISTEN_FDNAMES has 2 names", process.stderr())

    def test_by_systemd_socket_activate(self):
        self.need("systemd-socket-activate")
        path = self.folder / "activated.sock"
        for style in STYLES:
            with self.subTest(style=style):
                launcher = self.start("systemd-socket-activate", "-l", path, "--fdname=web", BIGHT, "serve", "echo",
                                      "--listen", "systemd:web", "--style", style)
                launcher.wait_for_error("Listening on")
                self.exchange_with(f"unix:{path}")
                self.assertEqual(launcher.stop(), 0, launcher.stderr())  # it has become the server
                path.unlink()

    def test_datagrams_by_systemd_socket_activate(self):
        self.need("systemd-socket-activate")
        path = self.folder / "activated.sock"
        launcher = self.start("systemd-socket-activate", "-d", "-l", path, BIGHT, "serve", "echo", "--listen",
                              "systemd:unknown")
        launcher.wait_for_error("Listening on")
        self.exchange_with(f"unixgram:{path}")
        self.assertEqual(launcher.stop(), 0, launcher.stderr())

    def test_each_connection_by_systemd_socket_activate(self):
        self.need("systemd-socket-activate")
        path = self.folder / "activated.sock"
        launcher = self.start("systemd-socket-activate", "-a", "--inetd", "-l", path, BIGHT, "serve", "echo", "--listen",
                              "stdio:")
        launcher.wait_for_error("Listening on")
        for _ in range(3):
            self.exchange_with(f"unix:{path}")


class ByNumber(Inherited):
    def test_in_every_style(self):
        for style in STYLES:
            sockets = [socket.create_server(("127.0.0.1", 0)), bound_port()]
            process = self.launch(sockets, "--listen", "fd:3", "--listen", "fd:4", "--style", style)
            for line in self.lines(process, 2):
                self.exchange_with(line.removeprefix("listening on "))
            self.assertEqual(process.stop(), 0)

    def test_what_is_no_socket_to_serve(self):
        for number, code, text in ((99, 1, "take descriptor 99: bad file descriptor"), (2, 1, "take descriptor 2: ")):
            got, output, errors = self.run_bight("serve", "echo", "--listen", f"fd:{number}")
            self.assertEqual((got, output), (code, b""), errors)
            self.assertIn(text, errors)
        for kind, text in ((socket.SOCK_STREAM, "neither listens nor is connected"),
                           (socket.SOCK_SEQPACKET, "neither listens nor is connected")):
            process = self.launch([socket.socket(socket.AF_UNIX, kind)], "--listen", "fd:3")
            self.assertEqual(process.wait(), 2)
            self.assertIn(text, process.stderr())

    def test_one_that_is_named_twice(self):
        for first, second, number in (("fd:3", "fd:3", 3), ("fd:0", "stdio:", 0), ("stdio:", "stdio:", 0)):
            process = self.launch([socket.create_server(("127.0.0.1", 0))], "--listen", first, "--listen", second)
            self.assertEqual(process.wait(), 2)
            self.assertEqual(process.stderr(), f"bight: descriptor {number} is named twice\n")

    def test_a_connection_beside_a_listener(self):
        ours, theirs = socket.socketpair()
        with ours:
            process = self.launch([theirs], "--listen", "fd:3", "--listen", "tcp:0")
            self.assertEqual(process.wait(), 2)
            self.assertIn("is served alone", process.stderr())


class Inetd(Inherited):
    def inetd(self, given, what="echo", *arguments):
        """As inetd starts it: the socket stands at 0, 1 and 2."""
        return subprocess.Popen([BIGHT, "serve", what, "--listen", "stdio:", *arguments], stdin=given, stdout=given,
                                stderr=given)

    def test_nowait_serves_its_connection_and_ends(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for style in STYLES:
                with socket.create_connection(listener.getsockname()) as client:
                    client.settimeout(DEADLINE)
                    connection, _ = listener.accept()
                    with self.inetd(connection, "echo", "--style", style) as process, connection:
                        connection.close()
                        self.assertEqual(exchange(client, b"x" * 300000), b"x" * 300000)  # and nothing that was printed
                        self.assertEqual(process.wait(DEADLINE), 0)

    def test_nowait_drains(self):
        ours, theirs = socket.socketpair()
        ours.settimeout(DEADLINE)
        with ours, self.inetd(theirs) as process:
            theirs.close()
            ours.sendall(b"x")
            self.assertEqual(ours.recv(1), b"x")
            process.send_signal(signal.SIGTERM)
            ours.sendall(b"y")
            self.assertEqual(ours.recv(1), b"y")
            ours.shutdown(socket.SHUT_WR)
            self.assertEqual(ours.recv(1), b"")
            self.assertEqual(process.wait(DEADLINE), 0)

    def test_wait_for_streams_and_for_datagrams(self):
        for scheme, given in (("tcp", socket.create_server(("127.0.0.1", 0))), ("udp", bound_port())):
            with self.inetd(given) as process, given:
                for _ in range(3):
                    self.exchange_with(f"{scheme}:127.0.0.1:{given.getsockname()[1]}")
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(DEADLINE), 0)

    def test_nowait_by_socat(self):
        self.need("socat")
        path = self.folder / "inetd.sock"
        self.start("socat", f"UNIX-LISTEN:{path},fork", f"EXEC:{BIGHT} serve echo --listen stdio\\:")
        self.assert_listens(path)
        for _ in range(3):
            self.exchange_with(f"unix:{path}")

    def test_standard_input_that_is_no_socket(self):
        code, output, errors = self.run_bight("serve", "echo", "--listen", "stdio:")
        self.assertEqual((code, output), (1, b""))
        self.assertIn("take descriptor 0: ", errors)


class Manager(BightTest):
    def test_what_the_manager_is_told(self):
        for name in (str(self.folder / "notify"), f"\0bight-notify-{os.getpid()}"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.settimeout(DEADLINE)
                manager.bind(name)
                for style in STYLES:
                    server = self.serve("echo", "--listen", "tcp:0", "--style", style,
                                        env={**os.environ, "NOTIFY_SOCKET": name.replace("\0", "@")})
                    self.assertEqual(manager.recv(1000), b"MAINPID=%d\nREADY=1\nSTATUS=serving" % server.pid)
                    with server.connect() as client:
                        client.sendall(b"x")
                        self.assertEqual(client.recv(1), b"x")
                        server.send(signal.SIGTERM)
                        self.assertEqual(manager.recv(1000), b"STOPPING=1\nSTATUS=waiting for clients to finish")
                    self.assertEqual(server.wait(), 0)

    def test_a_manager_that_has_gone_is_no_reason_to_stop(self):
        server = self.serve("echo", "--listen", "tcp:0", env={**os.environ, "NOTIFY_SOCKET": "/nowhere/at/all"})
        server.wait_for_error("/nowhere/at/all")
        self.assert_echoes(server)
        self.assertEqual(server.stop(), 0)
