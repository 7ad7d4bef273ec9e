# SPDX-License-Identifier: BSL-1.0
"""`bight ps`: what the tasks of a running server wait for."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, BightTest  # noqa: E402

# A process with the name of a loop: says so, sends what it gets on standard input to who asks, and closes.
PRETENDER = r"""
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(f"\0bight.ps.{sys.argv[1] if len(sys.argv) > 1 else os.getpid()}.{0}")
listener.listen(200)
print("listening", flush=True)
answer = sys.stdin.buffer.read()
while True:
    connection, _ = listener.accept()
    try:
        connection.sendall(answer)
    except OSError:
        pass
    connection.close()
"""


class Ps(BightTest):
    def ps(self, pid, code=0):
        ended, output, errors = self.run_bight("ps", str(pid))
        self.assertEqual(ended, code, errors)
        return output.decode(), errors

    def serve_async(self, *arguments, loops=1):
        """A server whose loops can be asked: they begin after it says that it listens."""
        server = self.serve("echo", "--listen", "tcp:0", "--style", "async", *arguments)

        def can_be_asked():
            text = self.run_bight("ps", str(server.pid))[1].decode()
            return len([line for line in text.splitlines() if line.startswith("loop ")]) == loops

        self.assert_eventually(can_be_asked, f"{loops} loops answer")
        return server

    def test_tasks_of_a_server(self):
        server = self.serve_async()
        with server.connect() as connection:
            connection.sendall(b"x")
            self.assertEqual(connection.recv(1), b"x")
            text, _ = self.ps(server.pid)
            host, port = connection.getsockname()
            self.assertRegex(text, r"^loop 0: (uring|epoll), \d+ tasks, \d+ channels, 1 accepted, \d+ turns\n")
            self.assertRegex(text, rf"(?m)^ +Task-\d+: read {host}:{port}$")
            self.assertRegex(text, rf"(?m)^ *Task-\d+: accept {server.endpoint.removeprefix('tcp:')}$")
            self.assertRegex(text, r"(?m)^Task-\d+ bight ps: ")
        self.assertEqual(server.stop(), 0)

    def test_each_worker_is_a_loop(self):
        server = self.serve_async("--workers", "3", loops=3)
        text, _ = self.ps(server.pid)
        self.assertEqual([line.partition(":")[0] for line in text.splitlines() if line.startswith("loop ")],
                         ["loop 0", "loop 1", "loop 2"])
        self.assertEqual(server.stop(), 0)

    def test_what_each_worker_has_accepted(self):
        server = self.serve_async("--workers", "2", loops=2)
        for _ in range(9):
            with server.connect() as connection:
                connection.sendall(b"x")
                self.assertEqual(connection.recv(1), b"x")
        text, _ = self.ps(server.pid)
        accepted = [int(count) for count in re.findall(r"(?m)^loop \d: .* (\d+) accepted, ", text)]
        self.assertEqual(server.stop(), 0)
        self.assertEqual((len(accepted), sum(accepted)), (2, 9))
        told = re.search(r"accepted by each worker: (\d+) (\d+)\n", server.stderr())
        self.assertCountEqual(map(int, told.groups()), accepted)  # the loops are numbered as they begin

    def pretend(self, answer, *arguments):
        """A process that is no loop of bight's but answers as one, of its own number or of the one that is given."""
        process = self.start(sys.executable, "-c", PRETENDER, *map(str, arguments))
        process.read_until(lambda text: text.endswith(b"\n"))
        process.child.stdin.write(answer)
        process.child.stdin.close()
        return process

    def test_several_processes(self):
        servers = [self.serve_async(), self.serve_async()]
        code, output, errors = self.run_bight("ps", *(str(server.pid) for server in servers))
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual([line for line in output.decode().splitlines() if line.startswith("process ")],
                         [f"process {server.pid}" for server in servers])
        code, output, errors = self.run_bight("ps", str(os.getpid()), str(servers[0].pid))
        self.assertEqual((code, errors.count("\n")), (1, 1))
        self.assertIn(b"\nloop 0: ", output)

    def test_behind_a_number_that_is_not_there(self):
        first = socket.socket(socket.AF_UNIX)
        other = socket.socket(socket.AF_UNIX)
        with first, other:
            for number, bound in enumerate((first, other)):
                bound.bind(f"\0bight.ps.{os.getpid()}.{2 * number}")
            other.listen(1)
            threading.Thread(target=self.answer_once, args=(other, b"an engine\nTask-1: running\n\n"), daemon=True).start()
            text, errors = self.ps(os.getpid())
        self.assertEqual((text, errors), ("loop 2: an engine\nTask-1: running\n", ""))

    def answer_once(self, listener, answer):
        connection, _ = listener.accept()
        connection.sendall(answer)
        connection.close()

    def test_another_process_is_not_asked(self):
        victim = self.start("sleep", "60")
        pretender = self.pretend(b"you are looking at the wrong process\n\n", victim.pid)
        text, errors = self.ps(victim.pid, code=1)
        self.assertEqual(text, "")
        self.assertIn(f"process {pretender.pid} answers in its place", errors)

    def test_control_characters_do_not_reach_the_terminal(self):
        pretender = self.pretend(b"an engine\x1b[2J\nTask-1: \x9b\xc2\x9b\x07running\n\n")
        code, output, _ = self.run_bight("ps", str(pretender.pid))
        self.assertEqual(code, 0)
        self.assertTrue(output.startswith(b"loop 0: an engine\\x1b[2J\nTask-1: "))
        self.assertFalse(set(output) & (set(range(32)) - {10}))

    def test_an_answer_without_an_end(self):
        pretender = self.pretend(b"x" * (17 << 20))
        text, errors = self.ps(pretender.pid, code=1)
        self.assertEqual(text, "")
        self.assertIn("its answer does not end", errors)

    def test_an_answer_that_trickles_has_a_limit(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"\0bight.ps.{os.getpid()}.0")
            listener.listen(1)

            def trickle():
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    while True:
                        connection.send(b"x")
                        time.sleep(0.1)

            threading.Thread(target=trickle, daemon=True).start()
            begin = time.monotonic()
            _, errors = self.ps(os.getpid(), code=28)
            self.assertLess(time.monotonic() - begin, 12)
            self.assertIn("does not answer: it is held up, or does not run", errors)

    def test_an_answer_that_is_cut_short_or_refused(self):
        for answer, said in ((b"", "it has ended before it had answered"), (b"an engine\nTask-", "it has ended before it had"),
                             (b"an engine\nTask-1: running\n", "it has ended before it had"),
                             (b"no\n", "permission denied")):
            with self.subTest(answer=answer):
                text, errors = self.ps(self.pretend(answer).pid, code=1)
                self.assertEqual((text, errors.count("\n")), ("", 1))
                self.assertIn(said, errors)

    def test_a_reader_that_has_gone(self):
        server = self.serve_async()
        reading, writing = os.pipe()
        os.close(reading)
        ended = subprocess.run([BIGHT, "ps", str(server.pid)], stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        self.assertEqual((ended.returncode, ended.stderr), (141, b""))

    def test_a_server_may_forbid_it(self):
        server = self.serve("echo", "--listen", "tcp:0", "--style", "async", "--no-ps")
        self.assert_echoes(server)  # so its loop runs
        self.assertIn("has no loop that may be asked", self.ps(server.pid, code=1)[1])
        code, output, errors = self.run_bight("serve", "echo", "--listen", "tcp:0", "--no-ps")
        self.assertEqual((code, output, errors.count("\n")), (2, b"", 1))

    def test_nobody_to_ask(self):
        _, errors = self.ps(os.getpid(), code=1)
        self.assertIn("has no loop that may be asked", errors)

    def test_a_loop_that_is_held_up(self):
        server = self.serve_async()
        server.stand_still()
        try:
            _, errors = self.ps(server.pid, code=28)
            self.assertIn("does not answer: it is held up, or does not run", errors)
        finally:
            server.send(signal.SIGCONT)

    @unittest.skipUnless(os.geteuid() == 0, "only root can ask as somebody else")
    def test_strangers_are_told_nothing(self):
        server = self.serve_async()
        code, output, errors = self.run_bight("ps", str(server.pid), user=65534)
        self.assertEqual((code, output), (1, b""))
        self.assertIn("permission denied", errors)
        self.assertIn("Task-", self.ps(server.pid)[0])

    @unittest.skipUnless(os.geteuid() == 0, "only root can ask as somebody else")
    def test_strangers_in_any_number_do_not_keep_others_away(self):
        server = self.serve_async()
        flood = ("import os, socket, sys\nprint('x', flush=True)\n"
                 "while True:\n"
                 "    s = socket.socket(socket.AF_UNIX)\n"
                 f"    s.connect('\\0bight.ps.{server.pid}.0')\n"
                 "    s.recv(10)\n"
                 "    os.write(1, b'.')\n"
                 "    s.close()\n")
        begin = time.monotonic()
        strangers = [self.start("/usr/bin/python3", "-c", flood, user=65534) for _ in range(12)]
        idle = [self.start("/usr/bin/python3", "-c", flood.replace("s.close()", "os.read(0, 1)"), user=65534)
                for _ in range(12)]
        for stranger in (*strangers, *idle):
            stranger.read_until(lambda text: b"x\n" in text)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            self.assertIn("Task-", self.ps(server.pid)[0])
        for stranger in (*strangers, *idle):
            stranger.stop(signal.SIGKILL)
        lasted = time.monotonic() - begin
        answers = sum(stranger.read_all().count(b".") for stranger in (*strangers, *idle))
        self.assertLessEqual(answers, 640 * lasted + 128)

    def test_usage(self):
        for arguments in ([], ["x"], ["0"], ["-1"], ["1", "x"], ["99999999999"]):
            code, output, errors = self.run_bight("ps", *arguments)
            self.assertEqual((code, output, errors.count("\n")), (2, b"", 1))


if __name__ == "__main__":
    unittest.main()
