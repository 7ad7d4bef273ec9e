# SPDX-License-Identifier: BSL-1.0
"""The tool as a process: started, waited for, stopped by its own pid. Every wait has a deadline."""

import contextlib
import functools
import hashlib
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from worlds import World

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[3])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build")
BIGHT = os.environ.get("BIGHT") or str(BUILD / "bight")
DEADLINE = 15  # seconds for any one wait

STYLES = ["iterative", "thread", "pool", "fork", "prefork", "select", "selectors", "async"]
STREAM_SCHEMES = {"tcp", "unix"}

# A shell that starts us in the background ignores SIGINT, and what we start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def descriptor_limit(count):
    """For preexec_fn: lets the child have `count` descriptors and no more."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


@functools.cache
def has_sanitizer():
    """Whether the tool was built with AddressSanitizer, which keeps what was freed and shadows of all there is."""
    return b"__asan_init" in Path(BIGHT).read_bytes()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def parse_endpoint(text):
    """family, type and address of what the tool prints, as Python's sockets take them."""
    scheme, _, rest = text.partition(":")
    kind = socket.SOCK_STREAM if scheme in STREAM_SCHEMES else socket.SOCK_DGRAM
    if scheme.startswith("unix"):
        path = rest.replace("\\", "")
        return socket.AF_UNIX, kind, "\0" + path[1:] if path.startswith("@") else path
    host, _, port = rest.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    return family, kind, (host.strip("[]"), int(port))


def open_socket(endpoint):
    """A socket connected to what the tool printed; one for Unix datagrams has a name, so that it can be answered."""
    family, kind, address = parse_endpoint(endpoint)
    connection = socket.socket(family, kind)
    connection.settimeout(DEADLINE)
    try:
        if family == socket.AF_UNIX and kind == socket.SOCK_DGRAM:
            connection.bind("")
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def reset(connection):
    """Closes so that the peer gets ECONNRESET."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_to_end(connection):
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def exchange(connection, data):
    """Sends `data` and half-closes while it reads to the end."""
    def send():
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    answer = read_to_end(connection)
    sender.join(DEADLINE)
    return answer


class Process:
    """A child: the tool, or a peer. Its standard error goes to a file; its pipes are closed with it."""

    def __init__(self, command, stdin=subprocess.PIPE, **options):
        self.errors = tempfile.TemporaryFile()
        self.child = subprocess.Popen([str(word) for word in command], stdin=stdin, stdout=subprocess.PIPE,
                                      stderr=self.errors, bufsize=0, **options)
        self.pid = self.child.pid
        self.output = bytearray()  # bytes would be copied whole with each read

    def _read(self, deadline):
        """One read of standard output: whether there was more."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
            raise self._failure("waited in vain")
        data = self.child.stdout.read(1 << 16)
        self.output += data
        return bool(data)

    def _failure(self, what):
        return AssertionError(f"{self.child.args}: {what}; wrote {len(self.output)} bytes, {bytes(self.output[-200:])!r} "
                              f"last\n{self.stderr()}")

    def read_until(self, done, limit=DEADLINE):
        """What was written so far, once done(it) is true."""
        deadline = time.monotonic() + limit
        while not done(self.output):
            if not self._read(deadline):
                raise self._failure("has ended too early")
        return bytes(self.output)

    def read_all(self):
        """What was written, once standard output has ended."""
        deadline = time.monotonic() + DEADLINE
        while self._read(deadline):
            pass
        return bytes(self.output)

    def wait_for_error(self, text):
        """Waits until standard error says `text`; polls, for a file cannot be waited for."""
        deadline = time.monotonic() + DEADLINE
        while text not in self.stderr():
            if time.monotonic() > deadline or self.child.poll() is not None and text not in self.stderr():
                raise AssertionError(f"{self.child.args}: never said {text!r}:\n{self.stderr()}")
            time.sleep(0.005)
        return self.stderr()

    def stderr(self):
        return os.pread(self.errors.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def send(self, number):
        self.child.send_signal(number)

    def send_and_see_taken(self, number):
        """A signal that comes before the first of its kind was taken would be lost."""
        def pending():
            status = Path(f"/proc/{self.pid}/status").read_text()
            return int(status.partition("ShdPnd:")[2].split()[0], 16)

        self.send(number)
        deadline = time.monotonic() + DEADLINE
        while pending():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.child.args}: does not take signal {number}")
            time.sleep(0.002)

    def thread_states(self):
        states = set()
        for path in Path(f"/proc/{self.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):  # it has gone
                states.add(path.read_text().rpartition(")")[2].split()[0])
        return states

    def stand_still(self):
        """SIGSTOP, and that it has come to each thread; SIGCONT ends it."""
        self.send(signal.SIGSTOP)
        deadline = time.monotonic() + DEADLINE
        while self.thread_states() != {"T"}:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.child.args}: does not stand still")
            time.sleep(0.002)

    def wait(self, timeout=DEADLINE):
        """The exit code."""
        return self.child.wait(timeout)

    def finish(self, data=b"", limit=DEADLINE):
        """Writes `data`, ends standard input, reads to the end: the exit code, and standard output."""
        output, _ = self.child.communicate(data, limit)
        return self.child.returncode, bytes(self.output) + output

    def stop(self, number=signal.SIGTERM):
        """Asks it to end: the exit code; that of before, if it has ended already."""
        if self.child.poll() is None:
            self.send(number)
        return self.wait()

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        self.errors.close()

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait_until_it_rests(self):
        """Until it takes next to nothing of the processor, as far as a third of a second tells."""
        deadline = time.monotonic() + DEADLINE
        resting = False
        while not resting:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.child.args}: does not rest")
            used = self.cpu_seconds()
            time.sleep(0.3)
            resting = self.cpu_seconds() - used < 0.025  # told in hundredths

    def resident_bytes(self):
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Server(Process):
    """`bight serve`, which listens already."""

    def __init__(self, arguments, count, **options):
        super().__init__([BIGHT, "serve", *arguments], stdin=subprocess.DEVNULL, **options)
        lines = self.read_until(lambda text: text.count(b"\n") >= count).decode().splitlines()
        if len(lines) != count or not all(line.startswith("listening on ") for line in lines):
            raise AssertionError(f"{self.child.args}: wrote {lines}\n{self.stderr()}")
        self.endpoints = [line.removeprefix("listening on ") for line in lines]

    @property
    def endpoint(self):
        return self.endpoints[0]

    def connect(self, number=0):
        return open_socket(self.endpoints[number])


def children(server):
    """The state of each child: `Z` for one that has ended and was not collected."""
    states = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has gone
            if int(fields[1]) == server.pid:
                states[int(entry.name)] = fields[0]
    return states


class BightTest(unittest.TestCase):
    """A folder of its own, and processes that end with the test."""

    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bight-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def keep(self, process):
        self.addCleanup(process.kill)
        return process

    def serve(self, *arguments, **options):
        """`bight serve ARGUMENTS`, once it has said where it listens."""
        count = sum(argument == "--listen" for argument in arguments)
        return self.keep(Server(arguments, count, **options))

    def start(self, *command, **options):
        return self.keep(Process(command, **options))

    def bight(self, *arguments, **options):
        return self.start(BIGHT, *arguments, **options)

    def run_bight(self, *arguments, data=b"", **options):
        """The tool from its start to its end: exit code, standard output, standard error."""
        process = self.bight(*arguments, **options)
        code, output = process.finish(data)
        return code, output, process.stderr()

    def connect(self, server, number=0):
        connection = server.connect(number)
        self.addCleanup(connection.close)
        return connection

    def live(self, server):
        """A connection that is being served, of an echo server."""
        connection = self.connect(server)
        connection.sendall(b"x")
        self.assertEqual(connection.recv(1), b"x")
        return connection

    def allow_descriptors(self, count):
        """Lets this process, and those that it starts, have so many."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < count:
            self.skipTest(f"at most {hard} descriptors are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def world(self):
        """What runs a command on a machine of our own, which asks nobody for names."""
        world = World()
        self.addCleanup(world.close)
        return world.prefix

    def need(self, program):
        if shutil.which(program) is None:
            self.skipTest(f"{program} is not installed")

    def need_openssl(self):
        if "built without OpenSSL" in self.run_bight("send", "x", "y")[2]:
            self.skipTest("the tool is built without OpenSSL")

    def assert_eventually(self, condition, what):
        """Polls, for what only /proc knows."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"never: {what}")
            time.sleep(0.005)

    def assert_listens(self, path):
        """Waits until somebody listens at `path`, which is there before that."""
        def listens():
            sockets = (line.split(maxsplit=7) for line in Path("/proc/net/unix").read_text().splitlines()[1:])
            return any(fields[3] == "00010000" and fields[7:] == [str(path)] for fields in sockets)  # SO_ACCEPTCON

        self.assert_eventually(listens, f"{path} is listened at")

    def assert_echoes(self, server, number=0, text=b"still here"):
        with server.connect(number) as connection:
            self.assertEqual(exchange(connection, text), text)


def in_every_style(what, *arguments, styles=tuple(STYLES), code=0, **options):
    """The test gets a server of each style in turn, whose exit code is to be `code` when it is asked to end. An
    argument with a colon is an endpoint; {folder} and {pid} stand for the test's own."""
    def decorate(test):
        @functools.wraps(test)
        def run(self):
            words = []
            for argument in arguments:
                if ":" in argument:
                    words.append("--listen")
                words.append(argument.format(folder=self.folder, pid=os.getpid()))
            for style in styles:
                with self.subTest(style=style):
                    server = self.serve(what, *words, "--style", style, **options)
                    test(self, server)
                    self.assertEqual(server.stop(), code, server.stderr())
        return run
    return decorate
