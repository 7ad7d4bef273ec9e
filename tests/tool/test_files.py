# SPDX-License-Identifier: BSL-1.0
"""bight send and bight recv, with each other and with peers that do otherwise than they should."""

import hashlib
import json
import os
import pty
import random
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, BightTest, open_socket, parse_endpoint, read_to_end  # noqa: E402

GREETING = b"BIGHTFT\x01"
OFFER, GO, PREFIX, WHOLE, ANSWER = range(1, 6)
DIGEST = 4 + 32  # of a frame that holds one


def frame(kind, body, flags=0):
    return struct.pack(">BBH", kind, flags, len(body)) + body


def offer(name, size):
    return frame(OFFER, struct.pack(">Q", size) + name)


class FilesTest(BightTest):
    def setUp(self):
        super().setUp()
        self.inbox = self.folder / "inbox"
        self.inbox.mkdir()
        self.need_openssl()

    def source(self, name, size, seed=1):
        path = self.folder / name
        path.write_bytes(random.Random(seed).randbytes(size))
        return path

    def receive(self, *options, **more):
        """`bight recv`, which listens already."""
        receiver = self.bight("recv", "--into", self.inbox, *options, **more)
        line = receiver.read_until(lambda text: b"\n" in text).decode().splitlines()[0]
        if "--json" in options:
            receiver.endpoint = json.loads(line)["listening"]
        else:
            self.assertTrue(line.startswith("listening on "), line + receiver.stderr())
            receiver.endpoint = line.removeprefix("listening on ")
        return receiver

    def send(self, *words, **options):
        return self.run_bight("send", *words, **options)

    def names(self):
        return sorted(path.name for path in self.inbox.iterdir())

    def assert_complete_or_absent(self, *sources):
        """What has its name is whole; and nothing else is there but parts."""
        for source in sources:
            there = self.inbox / source.name
            if there.exists():
                self.assertEqual(there.read_bytes(), source.read_bytes())
        others = set(self.names()) - {source.name for source in sources}
        for name in others:
            self.assertRegex(name, r"^\.bight-[0-9a-f]{32}\.part$")
        return others


class Transfers(FilesTest):
    def test_several_files(self):
        files = [self.source(f"file {size}", size) for size in (0, 1, 18964, 1 << 20)]
        receiver = self.receive()
        code, output, errors = self.send(*files, receiver.endpoint)
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(output.decode().splitlines()[2], "sent file 18964 (18964 bytes)")
        receiver.read_until(lambda text: text.count(b"\n") == 1 + len(files))
        self.assertEqual(receiver.stop(signal.SIGINT), 0)
        self.assertEqual(self.names(), sorted(file.name for file in files))
        self.assert_complete_or_absent(*files)
        self.assertIn("4 files, 0 failed", receiver.stderr())

    def test_json_says_all(self):
        file = self.source("picture.png", 18964)
        receiver = self.receive("--once", "--json")
        code, output, _ = self.send("--json", file, receiver.endpoint)
        self.assertEqual(code, 0)
        sent = json.loads(output)
        self.assertEqual(list(sent)[0], "schema")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        self.assertLessEqual({"schema": "bight.send/1", "name": "picture.png", "size": 18964, "verdict": "received",
                              "ok": True, "resumed_at": 0, "sha256": digest}.items(), sent.items())
        self.assertEqual(receiver.finish()[0], 0)
        received = json.loads(receiver.output.decode().splitlines()[0])
        self.assertEqual(received["schema"], "bight.recv/1")

    def test_over_a_unix_socket(self):
        file = self.source("file", 1000)
        receiver = self.receive("--listen", f"unix:{self.folder}/socket", "--once")
        self.assertEqual(self.send(file, receiver.endpoint)[0], 0)
        self.assertEqual(receiver.wait(), 0)
        self.assertFalse((self.folder / "socket").exists())

    def test_refusals_are_told_and_the_rest_goes_on(self):
        receiver = self.receive("--max-size", "1k", "--max-files", "3")
        good, hidden, large, last = (self.source(*what) for what in
                                     (("good", 10), (".hidden", 10), ("large", 1025), ("last", 1)))
        code, output, errors = self.send(hidden, large, self.folder / "missing", good, last, receiver.endpoint)
        self.assertEqual(code, 1)
        self.assertEqual(output, b"sent good (10 bytes)\n")
        for text in ("refused .hidden: the name is refused", "refused large: too large", "missing: no such file",
                     "refused last: too many files"):
            self.assertIn(text, errors)
        receiver.wait_for_error("it begins with a dot")
        self.assertEqual(receiver.stop(), 0)

    def test_overwrite(self):
        file = self.source("file", 100)
        (self.inbox / "file").write_text("theirs")
        receiver = self.receive("--once")
        self.assertEqual(self.send(file, receiver.endpoint)[0], 1)
        self.assertEqual(receiver.wait(), 1)
        self.assertEqual((self.inbox / "file").read_text(), "theirs")
        receiver = self.receive("--once", "--overwrite")
        self.assertEqual(self.send(file, receiver.endpoint)[0], 0)
        self.assertEqual(receiver.wait(), 0)
        self.assert_complete_or_absent(file)

    def test_nobody_reads_the_reports(self):
        for options in ((), ("--json",), ("--once",)):
            with self.subTest(options=options):
                file = self.source(f"file{''.join(options)}", 10)
                receiver = self.receive(*options)
                receiver.child.stdout.close()
                self.send(file, receiver.endpoint)
                self.assertEqual(receiver.wait(), 128 + signal.SIGPIPE)
                self.assertEqual((self.inbox / file.name).read_bytes(), file.read_bytes())
                self.assertEqual(receiver.stderr(), "")

    def test_a_path_that_is_free_soon_is_had(self):
        path = str(self.folder / "s.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            receiver = self.bight("recv", "--into", self.inbox, "--listen", f"unix:{path}")
            listener.settimeout(DEADLINE)
            listener.accept()[0].close()  # it has asked whether somebody listens there, and will ask again
            receiver.stand_still()
        receiver.send(signal.SIGCONT)
        receiver.read_until(lambda text: text == b"listening on unix:%s\n" % path.encode())

    def test_words_that_are_odd(self):
        receiver = self.receive()
        odd = self.source("[a,b]", 10)
        self.assertEqual(self.send(odd, receiver.endpoint)[0], 0)
        self.assertEqual(self.names(), ["[a,b]"])
        for words in (["x"], [], ["x", "udp:127.0.0.1:1"], ["x", "nonsense:1:2:3"]):
            self.assertEqual(self.send(*words)[0], 2, words)
        for words in (["--into", self.inbox, "--listen", "udp:0"], [], ["--into", self.inbox, "--max-size", "-1"],
                      ["--into", self.inbox, "--max-size", "010x"], ["--into", self.inbox, "--timeout", "0"]):
            self.assertEqual(self.run_bight("recv", *words)[0], 2, words)
        self.assertEqual(self.run_bight("recv", "--into", self.folder / "nowhere")[0], 1)

    def test_exit_codes_of_the_network(self):
        file = self.source("file", 10)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            self.assertEqual(self.send(file, f"127.0.0.1:{nobody.getsockname()[1]}")[0], 7)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.assertEqual(self.send("--timeout", "50ms", file, f"127.0.0.1:{silent.getsockname()[1]}")[0], 28)
        receiver = self.receive("--once", "--timeout", "50ms")
        with open_socket(receiver.endpoint) as peer:
            peer.sendall(GREETING + offer(b"name", 10))
            self.assertEqual(receiver.wait(), 28)
        receiver = self.receive("--once")
        with open_socket(receiver.endpoint) as peer:
            peer.sendall(GREETING + offer(b"name", 10))
        self.assertEqual(receiver.wait(), 56)


class Hostile(FilesTest):
    def test_names_are_printed_escaped(self):
        receiver = self.receive()
        with open_socket(receiver.endpoint) as peer:
            peer.sendall(GREETING + offer(b"\x1b]0;owned\x07\n", 1))
            self.assertEqual(peer.recv(100), frame(ANSWER, b"\x02"))
        receiver.wait_for_error(r"\x1b]0;owned\x07\x0a")
        receiver.stop()
        self.assertEqual(receiver.stderr().count("\x1b"), 0)

    # B113.
    def test_an_announced_size_takes_no_memory(self):
        receiver = self.receive("--max-size", "1048576G")
        before = receiver.resident_bytes()
        peers = []
        for number in range(8):
            peer = open_socket(receiver.endpoint)
            self.addCleanup(peer.close)
            peers.append(peer)
            peer.sendall(GREETING + offer(b"name%d" % number, (1 << 31) + number) + b"")
            self.assertEqual(peer.recv(100)[0], GO)
        self.assertLess(receiver.resident_bytes(), before + (64 << 20))  # of 16 GiB; sanitizers need some
        self.assertLess(sum(path.stat().st_blocks for path in self.inbox.iterdir()), 100)

    def receive_on(self, options):
        """A receiver for one sender, whose folder is a file system of its own, mounted with `options` in a namespace."""
        mounted = f'mount -t tmpfs -o {options} none "{self.inbox}" && exec '
        probe = self.start("unshare", "-Urm", "sh", "-c", mounted + "true")
        if probe.finish()[0] != 0:
            self.skipTest("no namespace to be had: " + probe.stderr().strip())
        receiver = self.start("unshare", "-Urm", "sh", "-c", mounted + f'"{BIGHT}" recv --once --into "{self.inbox}"')
        line = receiver.read_until(lambda text: b"\n" in text).decode()
        receiver.endpoint = line.strip().removeprefix("listening on ")
        return receiver

    def test_a_full_disk(self):
        receiver = self.receive_on("size=1m")
        code, _, errors = self.send(self.source("file", 3 << 20), receiver.endpoint)
        self.assertEqual(code, 1, errors)
        self.assertIn("no space left", errors)
        self.assertEqual(receiver.wait(), 1)
        self.assertEqual(self.names(), [])  # nothing beside it

    def test_a_read_only_folder(self):
        receiver = self.receive_on("ro")
        code, _, errors = self.send(self.source("file", 10), receiver.endpoint)
        self.assertEqual(code, 1, errors)
        self.assertIn("the receiver has failed", errors)
        self.assertEqual(receiver.wait(), 1)
        self.assertIn("read-only file system", receiver.stderr())

    def test_a_limit_for_the_size_of_files(self):
        """RLIMIT_FSIZE, as a quota would: the receiver is told, and says so."""
        receiver = self.receive("--once", preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                                             resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))))
        code, _, errors = self.send(self.source("file", 3 << 20), receiver.endpoint)
        self.assertEqual(code, 1, errors)
        self.assertIn("the receiver has failed", errors)
        self.assertEqual(receiver.wait(), 1)
        self.assertFalse((self.inbox / "file").exists())


class Signals(FilesTest):
    def stalled(self, size):
        """A sender that has sent as much as a peer takes that reads no more."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        sender = self.bight("send", self.source("file", size), f"127.0.0.1:{listener.getsockname()[1]}")
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        connection.settimeout(DEADLINE)
        connection.sendall(frame(GO, bytes(8)))
        connection.recv(1000)
        return sender, connection

    def test_send_is_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            sender, connection = self.stalled(32 << 20)
            self.assertEqual(sender.stop(number), 128 + number)
            self.assertIn("to go on, send the same again", sender.stderr())

    def test_recv_is_interrupted_and_keeps_the_part(self):
        file = self.source("file", 1 << 20)
        data = file.read_bytes()
        for options, number in (("--once",), signal.SIGINT), ((), signal.SIGTERM):
            receiver = self.receive(*options)
            with open_socket(receiver.endpoint) as peer:
                peer.sendall(GREETING + offer(b"file", len(data)))
                self.assertEqual(peer.recv(100), frame(GO, bytes(8)))
                peer.sendall(data[:500000])
                self.assert_eventually(lambda: [path.stat().st_size for path in self.inbox.iterdir()] == [500000], "kept")
                self.assertEqual(receiver.stop(number), 128 + number)
            self.assertEqual(len(self.assert_complete_or_absent(file)), 1)
            receiver = self.receive("--once")
            code, output, _ = self.send(file, receiver.endpoint)
            self.assertEqual((code, output), (0, b"sent file (1048576 bytes, resumed at 500000)\n"))
            self.assertEqual(receiver.wait(), 0)
            (self.inbox / "file").unlink()

    def test_an_idle_server_ends_well(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.assertEqual(self.receive().stop(number), 0)
            self.assertEqual(self.receive("--once").stop(number), 128 + number)


class Bar(FilesTest):
    def on_a_terminal(self, columns, **environment):
        """What send writes to a terminal while it sends a file."""
        size = 1 << 20

        def receive(connection):
            connection.sendall(frame(GO, bytes(8)))
            self.take(connection, len(GREETING) + len(offer(b"a\tname.bin", size)) + size + DIGEST)
            connection.sendall(frame(ANSWER, b"\x00"))

        return self.sent_on_a_terminal([self.source("a\tname.bin", size)], receive, columns, **environment)

    @staticmethod
    def take(connection, left):
        while left:
            left -= len(connection.recv(left))

    def sent_on_a_terminal(self, files, receive, columns, **environment):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        import fcntl
        import termios
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            child = subprocess.Popen([BIGHT, "send", *files, f"127.0.0.1:{listener.getsockname()[1]}"], stderr=theirs,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     env={**os.environ, "TERM": "xterm", **environment})
            os.close(theirs)
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(DEADLINE)
                receive(connection)
                self.assertEqual(child.wait(DEADLINE), 0)
        shown = b""
        while select.select([ours], [], [], 0)[0]:
            try:
                shown += os.read(ours, 1 << 16)
            except OSError:
                break
        return shown

    def test_a_bar_fits_the_terminal_and_goes(self):
        for columns in (10, 30, 79, 200):
            shown = self.on_a_terminal(columns, NO_COLOR="1")
            lines = [line for line in shown.decode().replace("\x1b[K", "").split("\r") if line]
            self.assertTrue(lines)
            self.assertLess(max(map(len, lines)), columns)
            self.assertTrue(shown.endswith(b"\r\x1b[K"), shown[-50:])
            self.assertNotIn(b"\x1b[32m", shown)
            self.assertNotIn(b"\t", shown)

    def test_colour_unless_told(self):
        self.assertIn(b"\x1b[32m", self.on_a_terminal(100, NO_COLOR=""))

    def test_a_rate_is_of_one_file_also_where_the_next_has_its_name(self):
        size = 32 << 20  # more than the kernel takes at once
        for folder in ("a", "b"):
            (self.folder / folder).mkdir()
        files = [self.source("a/name", size), self.source("b/name", size)]

        def receive(connection):
            kept = struct.pack(">Q", size - 1)
            connection.sendall(frame(GO, kept))
            self.take(connection, len(GREETING) + len(offer(b"name", size)) + DIGEST)
            connection.sendall(frame(GO, kept))
            self.take(connection, 1 + DIGEST)
            connection.sendall(frame(ANSWER, b"\x00"))
            self.take(connection, len(offer(b"name", size)))
            connection.sendall(frame(GO, bytes(8)))
            self.take(connection, 1 << 20)
            time.sleep(0.15)  # then a bar is drawn again
            self.take(connection, size + DIGEST - (1 << 20))
            connection.sendall(frame(ANSWER, b"\x00"))

        shown = self.sent_on_a_terminal(files, receive, 79, NO_COLOR="1").decode()
        self.assertRegex(shown, r" [1-9][0-9.]* [KMG]iB/s")  # of the second

    def test_nothing_on_a_dumb_terminal(self):
        self.assertEqual(self.on_a_terminal(100, TERM="dumb"), b"")

    def test_nothing_off_a_terminal(self):
        receiver = self.receive("--once")
        self.assertEqual(self.send(self.source("file", 1 << 20), receiver.endpoint)[2], "")


class Proxy:
    """Between a sender and a receiver: passes on so many bytes of the one way and of the other, and then calls `end`
    with the number of those that went to the receiver."""

    def __init__(self, endpoint, most, most_back, end):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._error = None
        self._thread = threading.Thread(target=self._keep_error, args=(endpoint, (most, most_back), end), daemon=True)
        self._thread.start()

    def _keep_error(self, *arguments):
        try:
            self._run(*arguments)
        except BaseException as error:
            self._error = error

    def _run(self, endpoint, most, end):
        passed = [0, 0]
        self._listener.settimeout(DEADLINE)
        near, _ = self._listener.accept()
        with near, open_socket(endpoint) as far:
            ways = {near: (far, 0), far: (near, 1)}
            while ways:
                for source in select.select(list(ways), [], [], DEADLINE)[0]:
                    target, way = ways[source]
                    try:
                        left = most[way] - passed[way]
                        data = source.recv(min(1 << 16, left + 1))
                        target.sendall(data[:left])
                    except OSError:
                        return
                    passed[way] += len(data[:left])
                    if len(data) > left:
                        return end(passed[0])
                    if not data:
                        del ways[source]
                        try:
                            target.shutdown(socket.SHUT_WR)
                        except OSError:
                            pass

    def close(self):
        self._thread.join(DEADLINE)
        self._listener.close()
        if self._error:
            raise self._error


class Killed(FilesTest):
    """SIGKILL to either side, at any byte of the conversation."""

    timeout, tries = (1800, 1000) if os.environ.get("BIGHT_DEEP") else (120, 20)

    def kept(self):
        return sum(path.stat().st_size for path in self.inbox.iterdir())

    def check(self, victim):
        chance = random.Random(2027)
        file = self.source("file", 400000)
        head = len(GREETING) + len(offer(b"file", 400000))
        whole = head + 400000 + 36
        resumed = complete = 0
        for number in range(self.tries):
            receiver = self.receive()
            sides = {"receiver": receiver}
            most = chance.choice([chance.randrange(whole), chance.randrange(whole), whole - 1 - chance.randrange(40), whole])
            back = chance.randrange(17) if most == whole else 1 << 20  # all was sent, and the answer does not arrive

            def end(passed):
                if number % 2 == 0:  # else at any moment, which may be before the receiver has read anything
                    self.assert_eventually(lambda: self.kept() >= min(passed - head, 400000), "all of it is kept")
                sides[victim].send(signal.SIGKILL)

            proxy = Proxy(receiver.endpoint, most, back, end)
            sides["sender"] = sender = self.bight("send", file, proxy.endpoint)
            code = sender.wait()
            proxy.close()
            if victim == "receiver":
                self.assertNotEqual(code, -signal.SIGKILL)
            self.assert_complete_or_absent(file)
            if victim == "receiver":
                receiver.kill()
                receiver = self.receive()
            again = self.bight("send", file, receiver.endpoint)
            code, output = again.finish()
            self.assertEqual(code, 0, again.stderr())
            resumed += b"resumed" in output
            complete += b"already there" in output
            self.assertEqual(self.assert_complete_or_absent(file), set(), "parts that nobody needs")
            self.assertEqual(receiver.stop(), 0)
            (self.inbox / "file").unlink()
            for process in (receiver, sender, again):
                process.kill()  # closes what leads to it, for there are many
        print(f"{self.tries} kills of the {victim}: {resumed} resumed, {complete} were complete")
        self.assertGreater(resumed, self.tries // 8)
        self.assertGreater(complete, 0)

    def test_the_sender(self):
        self.check("sender")

    def test_the_receiver(self):
        self.check("receiver")
