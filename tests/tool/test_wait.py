# SPDX-License-Identifier: BSL-1.0
"""`bight wait`: until somebody accepts, and then a command in its place."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, BightTest, has_sanitizer  # noqa: E402


def free_port():
    """A port that nobody listens at, and that nobody else gets: it is bound."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder, holder.getsockname()[1]


class Wait(BightTest):
    def test_somebody_is_there(self):
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as path:
            path.bind(str(self.folder / "s"))
            path.listen()
            port = listener.getsockname()[1]
            for where in ([f"tcp:127.0.0.1:{port}"], [f"127.0.0.1:{port}"], [f"tcp:{port}"], [f"tcp:localhost:{port}"],
                          [f"unix:{self.folder}/s"], [f"tcp:{port}", f"unix:{self.folder}/s"]):
                self.assertEqual(self.run_bight("wait", *where, "--timeout", "10s"), (0, b"", ""))

    def test_somebody_comes(self):
        holder, port = free_port()
        with holder:
            process = self.bight("wait", f"tcp:{port}", f"unix:{self.folder}/s", "--json")
            self.assert_eventually(lambda: blocks(process.pid, signal.SIGINT), "it waits")
            self.assertRaises(subprocess.TimeoutExpired, process.wait, 0.5)  # it has to have been there in vain
            holder.listen()
            first = json.loads(process.read_until(lambda text: b"\n" in text))
            self.assertEqual(list(first), ["schema", "endpoint", "ok", "attempts", "seconds"])
            self.assertEqual((first["schema"], first["endpoint"], first["ok"]),
                             ("bight.wait/1", f"tcp:127.0.0.1:{port}", True))
            self.assertGreater(first["attempts"], 2)
            self.assertLess(process.cpu_seconds(), 2 if has_sanitizer() else 0.5)
            with socket.socket(socket.AF_UNIX) as path:
                path.bind(str(self.folder / "s"))
                path.listen()
                self.assertEqual(process.wait(), 0)

    def test_nobody_comes(self):
        holder, port = free_port()
        with holder:
            start = time.monotonic()
            code, output, errors = self.run_bight("wait", f"tcp:{port}", "--timeout", "300ms", "--json")
            self.assertGreaterEqual(time.monotonic() - start, 0.3)
            answer = json.loads(output)
            self.assertEqual((code, answer["ok"]), (28, False))
            self.assertIn("connection refused", answer["error"])
            self.assertRegex(errors, f"^bight: tcp:127.0.0.1:{port}: timed out; the last of [0-9]+ attempts: .*refused\n$")
            self.assertLess(answer["attempts"], 12)  # 20, 30, 45 … ms apart
        self.assertEqual(self.run_bight("wait", f"unix:{self.folder}/none", "--timeout", "50ms")[0], 28)
        self.assertEqual(self.run_bight("wait", f"unix:{self.folder}/none", "--timeout", "0")[0], 28)

    def test_a_listener_whose_queue_is_full(self):
        path = str(self.folder / "full")
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as taken:
            listener.bind(path)
            listener.listen(0)
            taken.connect(path)
            self.assertEqual(self.run_bight("wait", f"unix:{path}", "--timeout", "200ms")[0], 28)

    def test_what_no_waiting_changes(self):
        process = self.start(*self.world(), BIGHT, "wait", "tcp:no-such-host.invalid:1", "--timeout", "30s")
        self.assertEqual(process.finish(), (6, b""), process.stderr())
        (self.folder / "file").write_text("")
        code, output, errors = self.run_bight("wait", f"unix:{self.folder}/file/s", "--timeout", "30s")
        self.assertEqual((code, output), (7, b""), errors)

    def test_what_no_waiting_changes_is_told_in_json(self):
        (self.folder / "file").write_text("")
        for where, code, why in (("tcp:no-such-host.invalid:1", 6, "no-such-host.invalid"),
                                 (f"unix:{self.folder}/file/s", 7, "not a directory")):
            process = self.start(*self.world(), BIGHT, "wait", "--json", where, "--timeout", "30s")
            ended, output = process.finish()
            answer = json.loads(output)
            self.assertEqual((ended, list(answer)), (code, ["schema", "endpoint", "ok", "attempts", "seconds", "error"]))
            self.assertEqual((answer["endpoint"], answer["ok"]), (where, False))
            self.assertIn(why, answer["error"])
            self.assertEqual(process.stderr(), f"bight: {answer['error']}\n")

    def test_what_cannot_be_waited_for(self):
        for where in ("udp:1", "unixgram:/x", "fd:3", "systemd:x", "stdio:", "tcp:x", "tcp:1:a=b", ""):
            code, output, errors = self.run_bight("wait", where)
            self.assertEqual((code, output, errors.count("\n")), (2, b"", 1), errors)
        for arguments in ((), ("tcp:1", "--timeout", "x"), ("tcp:1", "--"), ("--", "true")):
            code, output, errors = self.run_bight("wait", *arguments)
            self.assertEqual((code, output), (2, b""), errors)

    def in_a_namespace_with_one_port(self, command):
        self.need("unshare")
        script = "ip link set lo up && echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range && exec "
        process = self.start("unshare", "-rn", "sh", "-c", script + command)
        code, output = process.finish()
        if "unshare" in process.stderr() or "sh:" in process.stderr():
            self.skipTest("no network namespace can be had: " + process.stderr().strip())
        return code, output.decode(), process.stderr()

    def test_a_port_does_not_meet_itself(self):
        """A socket that is given the very port it asks for connects to itself, where nobody listens."""
        itself = "import socket; print(socket.create_connection((\"127.0.0.1\", 40000)).getpeername())"
        self.assertEqual(self.in_a_namespace_with_one_port(f"{sys.executable} -c '{itself}'")[:2],
                         (0, "('127.0.0.1', 40000)\n"))
        code, _, errors = self.in_a_namespace_with_one_port(f"'{BIGHT}' wait tcp:127.0.0.1:40000 --timeout 200ms")
        self.assertEqual(code, 28, errors)


class Command(BightTest):
    def run_after(self, *command, **options):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return self.run_bight("wait", f"tcp:{listener.getsockname()[1]}", "--", *command, **options)

    def test_it_takes_the_place_of_the_tool(self):
        self.assertEqual(self.run_after("echo", "--json", "-x", "a b"), (0, b"--json -x a b\n", ""))
        self.assertEqual(self.run_after("sh", "-c", "exit 42")[0], 42)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = self.bight("wait", f"tcp:{listener.getsockname()[1]}", "--", "sh", "-c", "echo $$; cat")
            self.assertEqual(process.finish(b"input"), (0, b"%d\ninput" % process.pid))

    def test_it_has_the_signals_and_descriptors_of_the_start(self):
        status = Path(f"/proc/{os.getpid()}/status").read_text()
        code, output, _ = self.run_after(sys.executable, "-c", "import os; print(open('/proc/self/status').read());"
                                         "print('fds', sorted(map(int, os.listdir('/proc/self/fd')))[:-1])",
                                         restore_signals=True)
        said = output.decode()
        self.assertEqual(code, 0)
        for name in ("SigBlk", "SigIgn"):
            def line(text):
                return int(next(line for line in text.splitlines() if line.startswith(name)).split()[1], 16)
            allowed = line(status) | 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1  # Python's own
            self.assertEqual(line(said) & ~allowed, 0, name)
        self.assertIn("\nfds [0, 1, 2]\n", said)  # B041

    def test_a_signal_that_was_ignored_stays_so(self):
        for action, is_ignored in ((signal.SIG_IGN, True), (signal.SIG_DFL, False)):
            _, output, _ = self.run_after("cat", "/proc/self/status", restore_signals=False,
                                          preexec_fn=lambda: signal.signal(signal.SIGPIPE, action))
            mask = int(output.partition(b"SigIgn:")[2].split()[0], 16)
            self.assertEqual(bool(mask >> signal.SIGPIPE - 1 & 1), is_ignored)

    def test_one_that_cannot_be_run(self):
        code, output, errors = self.run_after("/no/such/command")
        self.assertEqual((code, output, errors), (127, b"", "bight: /no/such/command: no such file or directory\n"))
        (self.folder / "plain").write_text("")
        self.assertEqual(self.run_after(self.folder / "plain")[0], 126)

    def test_it_is_not_run_where_nobody_comes(self):
        code, output, _ = self.run_bight("wait", f"unix:{self.folder}/none", "--timeout", "10ms", "--", "echo", "run")
        self.assertEqual((code, output), (28, b""))


def blocks(pid, number):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("SigBlk:")[2].split()[0], 16) >> number - 1 & 1


class Signals(BightTest):
    def test_a_signal_ends_it(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.bight("wait", f"unix:{self.folder}/none")
            self.assert_eventually(lambda: blocks(process.pid, number), "it waits for signals")
            self.assertEqual(process.stop(number), 128 + number)
