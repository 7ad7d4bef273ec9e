# SPDX-License-Identifier: BSL-1.0
"""Every descriptor that the tool makes is close-on-exec from the call that makes it, as strace(1) sees it."""

import os
import re
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, STYLES, BightTest, exchange, open_socket  # noqa: E402

MAKERS = ("accept", "accept4", "socket", "socketpair", "open", "openat", "openat2", "creat", "dup", "dup2", "dup3", "pipe",
          "pipe2", "epoll_create", "epoll_create1", "eventfd", "eventfd2", "signalfd", "signalfd4", "timerfd_create",
          "inotify_init", "inotify_init1", "memfd_create", "fcntl")  # those of pidfd_open(2) are always close-on-exec
CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
BEGIN_OF_MAIN = "fcntl(0, F_GETFD)"  # what comes before is the dynamic loader's
RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>")


def calls(trace):
    """The lines of a trace, those that another thread interrupted put together again."""
    begun = {}
    for line in trace.splitlines():
        if line.endswith("<unfinished ...>"):
            begun[line.split()[0]] = line.removesuffix("<unfinished ...>")
        elif resumed := RESUMED.match(line):
            yield begun.pop(resumed[1]) + line[resumed.end():]
        else:
            yield line


def careless(trace):
    """The calls of main() that make a descriptor which a child would inherit; what a sanitizer or OpenSSL reads, and
    closes at once, is its own."""
    found = []
    for line in calls(trace[max(trace.find(BEGIN_OF_MAIN), 0):]):
        if '"/proc/self/' in line or "/openssl.cnf" in line:
            continue
        call = CALL.match(line)
        if not call or call[1] not in MAKERS or int(call[3]) < 0 or "CLOEXEC" in call[2]:
            continue
        if call[1] != "fcntl" or "F_DUPFD" in call[2]:
            found.append(line)
    return found


class CloseOnExec(BightTest):
    def setUp(self):
        super().setUp()
        self.need("strace")
        probe = self.start("strace", "-f", "-o", self.folder / "probe", "true")
        if probe.finish()[0] != 0:
            self.skipTest("strace is not allowed here: " + probe.stderr().strip())

    def traced(self, *arguments):
        # A leak sanitizer is a tracer too, and there cannot be two.
        environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        # Attached to nothing but its own child; -qq leaves standard error to the tool.
        return self.start("strace", "-f", "-qq", "-e", "trace=%desc,%network", "-e", "signal=none", "-o", self.folder / "trace",
                          BIGHT, *arguments, env=environment)

    def assert_careful(self, *expected):
        trace = (self.folder / "trace").read_text()
        for call in expected:
            self.assertIn(f" {call}(", trace)
        self.assertEqual(careless(trace), [])

    def tool_pid(self, process):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return int(children[0])

    def check_serve(self, style, *expected, engine=(), accept=("accept4",)):
        listen = []
        for endpoint in ("tcp:localhost:0", "tcp:[::1]:0", "udp:0", f"unix:{self.folder}/s", f"unixgram:{self.folder}/d"):
            listen += ["--listen", endpoint]
        server = self.traced("serve", "echo", *listen, "--style", style, *engine, "--port-file",
                             self.folder / "ports")
        lines = server.read_until(lambda text: text.count(b"\n") == 5).decode().splitlines()
        for line in lines:
            with open_socket(line.removeprefix("listening on ")) as connection:
                if "udp" in line or "unixgram" in line:
                    connection.send(b"x")
                    self.assertEqual(connection.recv(1), b"x")
                else:
                    self.assertEqual(exchange(connection, b"x"), b"x")
        os.kill(self.tool_pid(server), signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        self.assert_careful("socket", *accept, "signalfd4", *expected)
        # One for its listener, and none for a request: those must be had when descriptors have run out.
        self.assertEqual((self.folder / "trace").read_text().count(" socket(AF_INET, SOCK_STREAM"), 1)

    def test_serve_iterative(self):
        self.check_serve("iterative")

    def test_serve_thread(self):
        self.check_serve("thread")

    def test_serve_pool(self):
        self.check_serve("pool")

    def test_serve_fork(self):
        self.check_serve("fork", "pidfd_open")

    def test_serve_prefork(self):
        self.check_serve("prefork", "pidfd_open", "epoll_create1")

    def test_serve_select(self):
        self.check_serve("select")

    def test_serve_selectors(self):
        self.check_serve("selectors", "epoll_create1")

    def test_serve_async(self):
        self.check_serve("async", "epoll_create1", engine=("--engine", "epoll"))

    def test_serve_async_on_io_uring(self):
        self.check_serve("async", "eventfd2", engine=("--engine", "uring"), accept=())

    def test_every_style_was_checked(self):
        self.assertEqual({f"test_serve_{style}" for style in STYLES} - set(dir(self)), set())

    def test_nc(self):
        server = self.serve("echo", "--listen", "tcp:0")
        client = self.traced("nc", "localhost", server.endpoint.rpartition(":")[2])
        self.assertEqual(client.finish(b"x"), (0, b"x"))
        self.assert_careful("socket")

    def test_nc_as_a_server(self):
        server = self.traced("nc", "-l", f"unix:{self.folder}/s")
        server.wait_for_error("listening on")
        with open_socket(f"unix:{self.folder}/s") as connection:
            connection.sendall(b"x")
        self.assertEqual(server.finish(), (0, b"x"))
        self.assert_careful("socket", "accept4")

    def test_nc_datagrams(self):
        server = self.serve("echo", "--listen", "udp:0", "--listen", f"unixgram:{self.folder}/d")
        for endpoint in server.endpoints:
            client = self.traced("nc", endpoint)
            client.child.stdin.write(b"x")
            client.read_until(lambda text: text == b"x")
            self.assertEqual(client.finish(), (0, b"x"))
            self.assert_careful("socket")

    def test_send_and_recv(self):
        self.need_openssl()
        (self.folder / "inbox").mkdir()
        (self.folder / "file").write_bytes(b"x" * 300000)
        receiver = self.traced("recv", "--once", "--into", self.folder / "inbox")
        line = receiver.read_until(lambda text: b"\n" in text).decode()
        sender = self.bight("send", self.folder / "file", line.strip().removeprefix("listening on "))
        self.assertEqual((sender.wait(), receiver.wait()), (0, 0))
        self.assert_careful("socket", "accept4", "openat2")
        receiver = self.bight("recv", "--once", "--into", self.folder / "inbox", "--overwrite")
        line = receiver.read_until(lambda text: b"\n" in text).decode()
        sender = self.traced("send", "--no-resume", self.folder / "file", line.strip().removeprefix("listening on "))
        self.assertEqual((sender.wait(), receiver.wait()), (0, 0))
        self.assert_careful("socket", "openat")

    def test_doctor(self):
        doctor = self.traced("doctor")
        self.assertEqual(doctor.finish()[0], 0)
        self.assert_careful("socket", "openat")

    def test_the_check_sees_what_is_careless(self):
        self.assertEqual(careless('1 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3\n'), [])
        self.assertEqual(len(careless('1 accept4(3, <unfinished ...>\n2 close(4) = 0\n1 <... accept4 resumed> NULL, 0) = 8\n'
                                      '1 socket(AF_INET, SOCK_STREAM, 0) = 3\n1 dup(3) = 4\n1 fcntl(3, F_DUPFD, 0) = 5\n'
                                      '1 openat(AT_FDCWD, "x", O_RDONLY) = 6\n1 epoll_create1(0) = 7\n')), 6)
