# SPDX-License-Identifier: BSL-1.0
"""The tool's frame: help, version, usage, exit codes, the texts of times and sizes."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, SOURCE, BightTest  # noqa: E402

COMMANDS = ["serve", "nc", "resolve", "wait", "bench", "ps", "send", "recv", "doctor", "ip"]


class Frame(BightTest):
    def test_version(self):
        code, output, errors = self.run_bight("--version")
        self.assertEqual((code, errors), (0, ""))
        project = re.search(r"^\s*VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text(), re.M).group(1)
        self.assertRegex(output.decode(), rf"^bight {re.escape(project)} \(.+\)\n$")

    def test_help_goes_to_standard_output(self):
        for arguments in (["--help"], ["-h"], ["help"]):
            code, output, errors = self.run_bight(*arguments)
            self.assertEqual((code, errors), (0, ""))
            for command in COMMANDS:
                self.assertRegex(output.decode(), rf"(?m)^  {command} +\w")

    def test_help_of_a_command_begins_with_examples(self):
        for command in COMMANDS:
            code, output, errors = self.run_bight(command, "--help")
            self.assertEqual((code, errors), (0, ""))
            text = output.decode()
            self.assertLess(text.index(f"\n  bight {command} "), text.index("\nUsage: "))
            self.assertEqual(self.run_bight("help", command), (code, output, errors))
            self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_usage_errors_are_one_line_and_2(self):
        for arguments in ([], ["nonsense"], ["--nonsense"], ["help", "nonsense"], ["serve"], ["serve", "echo"],
                          ["serve", "nonsense", "--listen", "tcp:0"], ["serve", "--listen", "tcp:0"],
                          ["serve", "echo", "--listen", "tcp:0", "--style", "nonsense"],
                          ["serve", "echo", "--listen", "tcp:0", "--max-conn", "many"],
                          ["serve", "echo", "--listen", "tcp:0", "--max-conn", "-1"],
                          ["serve", "echo", "--listen", "tcp:0", "--max-conn", "0"],
                          ["serve", "echo", "--listen", "tcp:0", "--max-conn", "99999999999999999999"],
                          ["serve", "echo", "--listen", "tcp:0", "--buffer", "0"],
                          ["serve", "echo", "--listen", "tcp:0", "unexpected"], ["serve", "echo", "--listen"],
                          ["doctor", "unexpected"], ["doctor", "--nonsense"]):
            with self.subTest(arguments=arguments):
                code, output, errors = self.run_bight(*arguments)
                self.assertEqual((code, output, errors.count("\n")), (2, b"", 1), errors)
                self.assertTrue(errors.startswith("bight: "), errors)

    def test_words_in_brackets_are_words_as_others(self):
        code, _, errors = self.run_bight("nc", "[127.0.0.1,0]")
        self.assertEqual((code, errors), (2, "bight: no port behind '127.0.0.1,0'\n"))

    def test_nobody_reads_the_help(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([BIGHT, "--help"], stdout=writer, stderr=subprocess.PIPE, timeout=DEADLINE)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (128 + signal.SIGPIPE, b""))

    def test_standard_output_is_full(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BIGHT, "--help"], stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, b"bight: write to standard output: no space left on device\n")

    def test_messages_show_control_characters_harmless(self):
        _, _, errors = self.run_bight("nc", "\x1b[31m.invalid", "80")
        self.assertNotIn("\x1b", errors)


class Quantities(BightTest):
    def accepts(self, *arguments):
        """Whether they are understood; the port is one that is taken, so the server does not start."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            code, _, errors = self.run_bight("serve", "echo", "--listen", f"tcp:{port}", *arguments)
        self.assertIn(code, (1, 2), errors)
        return code == 1

    def test_times(self):
        for text in ("500ms", "2.5s", "1m", "1h", "10us", "3", "0s", ".5s", "1.s", "00001s", "80000h"):
            self.assertTrue(self.accepts("--idle", text), text)
        for text in ("", "s", "1x", "1 s", "-1s", "+1s", "1e3s", "inf", "nan", "1.2.3s", "1ms2", "0x10s", "1S", "."):
            self.assertFalse(self.accepts(f"--drain={text}"), text)
        self.assertFalse(self.accepts("--idle", "9" * 30 + "s"))

    def test_sizes(self):
        for text in ("1", "512", "64k", "64K", "1M", "1G", "1.5k"):
            self.assertTrue(self.accepts("--buffer", text), text)
        for text in ("", "k", "1KB", "1 k", "-1", "1T", "0x10", "inf", "2G", "9" * 30):
            self.assertFalse(self.accepts(f"--buffer={text}"), text)

    def test_a_time_means_what_it_says(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = str(silent.getsockname()[1])
            for text, seconds in (("300ms", 0.3), ("0.6s", 0.6), (".01m", 0.6), ("1", 1)):
                start = time.monotonic()
                client = self.bight("nc", "--timeout", text, "127.0.0.1", port)
                self.assertEqual(client.wait(), 28)
                self.assertGreaterEqual(time.monotonic() - start, seconds)
                self.assertLess(time.monotonic() - start, seconds + 8)
