# SPDX-License-Identifier: BSL-1.0
"""bight ip: what all of its subcommands make of input and command lines, of errors and signals."""

import array
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, BightTest  # noqa: E402

MAX_LINE = 64 << 10

# Commands that read words from standard input, and the words that they print for 10.0.0.1.
READERS = {
    "info": (["info"], "10.0.0.1"),
    "contains": (["contains", "10.0.0.0/8"], "10.0.0.1\tyes"),
    "list": (["list"], "10.0.0.1"),
    "reverse": (["reverse"], "1.0.0.10.in-addr.arpa"),
    "lookup": (["lookup", "routes"], "10.0.0.1\t10.0.0.0/8\tten"),
    "collapse": (["collapse"], "10.0.0.1/32"),
    "range": (["range"], "10.0.0.1/32"),
    "subtract": (["subtract", "11.0.0.0/8"], "10.0.0.1/32"),
}
STREAMERS = ["info", "contains", "list", "reverse", "lookup"]  # those that answer word by word


class Input(BightTest):
    def setUp(self):
        super().setUp()
        (self.folder / "routes").write_bytes(b"10.0.0.0/8 ten\n")

    def ip(self, *arguments, data=b""):
        code, output, errors = self.run_bight("ip", *arguments, data=data, cwd=self.folder)
        return code, output.decode("utf-8", "surrogateescape"), errors

    def test_blanks_empty_lines_comments_and_carriage_returns_are_passed_over_everywhere(self):
        for name, (arguments, expected) in READERS.items():
            for text in (b"10.0.0.1\r\n", b"10.0.0.1\n\n\r\n \n", b"\n # none\n \t\v\f10.0.0.1 \t# the first\n", b"10.0.0.1"):
                with self.subTest(command=name, text=text):
                    code, output, errors = self.ip(*arguments, data=text)
                    self.assertEqual((code, errors), (0, ""))
                    self.assertIn(expected, output)
                    self.assertEqual(output, self.ip(*arguments, data=b"10.0.0.1\n")[1])

    def test_a_line_holds_any_number_of_words(self):
        for name in STREAMERS:
            with self.subTest(command=name):
                self.assertEqual(self.ip(*READERS[name][0], data=b"10.0.0.1 10.0.0.2\t10.0.0.3\n"),
                                 self.ip(*READERS[name][0], data=b"10.0.0.1\n10.0.0.2\n10.0.0.3\n"))

    def test_a_line_that_is_too_long_is_never_answered_as_if_it_were_whole(self):
        long = b"10.0.0.0/" + b"0" * MAX_LINE + b"8\n"
        for name, (arguments, _) in READERS.items():
            with self.subTest(command=name):
                code, output, errors = self.ip(*arguments, data=long)
                self.assertEqual((code, output), (2, ""))
                self.assertIn("standard input:1: the line is too long", errors)
                code, output, errors = self.ip(*arguments, data=b"10.0.0.1 #" + long)
                self.assertEqual((code, errors), (0, ""))

    def test_a_dash_means_standard_input(self):
        for name in STREAMERS + ["range"]:
            with self.subTest(command=name):
                arguments, expected = READERS[name]
                self.assertEqual(self.ip(*arguments, "-", data=b"10.0.0.1\n"), self.ip(*arguments, data=b"10.0.0.1\n"))
        self.assertEqual(self.ip("contains", "10.0.0.0/8,::1", "::1", "-", "10.9.9.9", data=b"10.0.0.1\n10.0.0.2\n")[1],
                         "::1\tyes\n10.0.0.1\tyes\n10.0.0.2\tyes\n10.9.9.9\tyes\n")

    def test_a_bad_word_is_told_by_its_line_and_the_answers_before_it_stay(self):
        for name in STREAMERS:
            for count in (5, 20_000):
                with self.subTest(command=name, count=count):
                    good = self.ip(*READERS[name][0], data=b"10.0.0.1\n" * count)[1]
                    code, output, errors = self.ip(*READERS[name][0], data=b"10.0.0.1\n" * count + b"bad\n10.0.0.1\n")
                    self.assertEqual((code, output == good), (2, True))
                    self.assertRegex(errors, rf"^bight: standard input:{count + 1}: .*'bad'.*\n$")
        code, output, errors = self.ip("contains", "10.0.0.0/8", "10.0.0.1", "bad")
        self.assertEqual((code, output, errors.count("\n")), (2, "10.0.0.1\tyes\n", 1))

    def test_an_error_is_told_although_the_answers_before_it_cannot_be_written(self):
        for arguments in (["info", "10.0.0.1", "bad"], ["contains", "10.0.0.0/8", "10.0.0.1", "bad"]):
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                done = subprocess.run([BIGHT, "ip", *arguments], stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr.decode(), r"^bight: .*'bad'.*\nbight: .*write to standard output.*\n$")

    def test_words_in_brackets_are_words_as_others(self):
        for name, address in {"a": "1.1.1.1", "x": "2.2.2.2", "y": "3.3.3.3", "[a]": "10.0.0.1", "[]": "10.0.0.2",
                              "[x,y]": "10.0.0.3", "[[a]]": "10.0.0.4"}.items():
            (self.folder / name).write_text(address + "\n")
        for name, address in {"[a]": "10.0.0.1", "[]": "10.0.0.2", "[x,y]": "10.0.0.3", "[[a]]": "10.0.0.4"}.items():
            with self.subTest(name=name):
                for before in ([], ["--"]):
                    self.assertEqual(self.ip("grep", "10.0.0.0/8", *before, name), (0, address + "\n", ""))
                self.assertEqual(self.ip("collapse", name), (0, address + "/32\n", ""))
                self.assertEqual(self.ip("grep", "-f", name, name), (0, address + "\n", ""))
                self.assertEqual(self.ip("subtract", "--file=" + name, "a")[1], "1.1.1.1/32\n")
                self.assertEqual(self.ip("lookup", name, "::1"), (1, "::1\t-\n", ""))
        for word in ("[]", "[::1]", "[10.0.0.1]", "[10.0.0.1,10.0.0.2]"):
            for command in ("info", "reverse", "list", "range"):
                with self.subTest(command=command, word=word):
                    code, output, errors = self.ip(command, word, data=b"9.9.9.9\n")
                    self.assertEqual((code, output, errors.count("\n")), (2, "", 1))
                    self.assertIn(word, errors)
                    self.assertNotIn("\\x00", errors)
        self.assertNotIn("\\x00", self.ip("list", "::1", "--limit", "[1]")[2])

    def test_a_zone_with_a_dash_is_no_range(self):
        self.assertEqual(self.ip("list", "fe80::1%a-b"), (0, "fe80::1\n", ""))  # what CPython's network holds,
        self.assertEqual(self.ip("list", "--hosts", "fe80::1%a-b"), (0, "fe80::1%a-b\n", ""))  # and its hosts()
        self.assertEqual(self.ip("list", "::1-::2")[1], "::1\n::2\n")

    def test_extra_words_and_options_without_meaning_are_refused(self):
        for arguments in (["split", "10.0.0.0/8", "9", "garbage"], ["split", "10.0.0.0/8", "9", "garbage", "7"],
                          ["split", "10.0.0.1/32", "8"], ["split", "10.0.0.1", "33"], ["split", "::1", "129"],
                          ["split", "10.0.0.0/8", "9", "--limit", "-1"], ["list", "10.0.0.0/30", "--limit", "-1"],
                          ["list", "10.0.0.0/30", "--limit", "18446744073709551616"],
                          ["list", "10.0.0.0-10.0.0.9", "--hosts"], ["range", "10.0.0.1", "10.0.0.2", "10.0.0.3"],
                          ["range", "10.0.0.1-10.0.0.2", "10.0.0.9"], ["range", "10.0.0.1", "::1"],
                          ["grep", "-o", "-v", "10.0.0.0/8"], ["grep", "-o", "-c", "10.0.0.0/8"]):
            with self.subTest(arguments=arguments):
                code, output, errors = self.ip(*arguments, data=b"10.0.0.1\n")
                self.assertEqual((code, output, errors.count("\n")), (2, "", 1), errors)
        self.assertEqual(self.run_bight("ip", "--batch", "--", "word")[0], 2)
        self.assertEqual(self.ip("split", "10.0.0.1/32", "32")[1], "10.0.0.1/32\n")
        self.assertEqual(self.ip("range", "10.0.0.1")[1], "10.0.0.1/32\n")
        self.assertEqual(self.ip("range", "10.0.0.0-10.0.0.1", "10.0.0.2/31")[1], "10.0.0.0/30\n")

    def test_words_behind_two_dashes_are_words(self):
        self.assertEqual(self.ip("contains", "10.0.0.0/8", "--", "10.0.0.1"), (0, "10.0.0.1\tyes\n", ""))
        self.assertEqual(self.ip("info", "--", "-nonsense")[0], 2)

    def test_control_characters_of_zones_do_not_reach_the_terminal(self):
        for zone in ("\nx\x1b[31m", "\x7f\x9b\r"):
            word = "fe80::1%" + zone
            (self.folder / "zones").write_bytes(b"fe80::/10 v\x1b\tw\n")
            for arguments in (["contains", "::/0", word], ["info", word], ["info", word + "/128"], ["lookup", "zones", word],
                              ["split", word, "128"], ["list", word], ["range", word], ["reverse", word]):
                with self.subTest(arguments=arguments):
                    _, output, errors = self.ip(*arguments)
                    self.assertEqual(re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f]", output + errors), [])
                    self.assertNotIn("\nx", output)
        self.assertEqual(self.ip("lookup", "zones", "fe80::1%a")[1], "fe80::1%a\tfe80::/10\tv\\x1b\tw\n")
        self.assertEqual(json.loads(self.ip("contains", "::/0", "--json", "::1%\x1b")[1])["text"], "::1%\x1b")

    def test_examples_of_the_help_work(self):
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "bight").symlink_to(Path(BIGHT).resolve())
        files = {"networks.txt": "10.0.0.0/8 # ten\n::/64\n", "more.txt": "192.0.2.0-192.0.2.9\n", "theirs.txt": "10.0.0.0/15\n",
                 "ours.txt": "10.1.0.0/16\n", "routes.txt": "10.0.0.0/8 ten\n2001:db8::/32 docs\n", "addresses": "10.0.0.1\n::1\n",
                 "access.log": "10.0.0.1 GET /\n11.0.0.1 GET /\n", "a.log": "192.0.2.1\n", "b.log": "2001:db8::1\n"}
        for name, text in files.items():
            (self.folder / name).write_text(text)
        environment = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        commands = 0
        for name in ["", *READERS, "split", "grep"]:
            _, output, _ = self.ip(*name.split(), "--help")
            for example in re.findall(r"(?m)^  ((?:printf .*)?bight ip .*)$", output[:output.index("\nUsage: ")]):
                with self.subTest(example=example):
                    done = subprocess.run(["bash", "-c", "set -o pipefail; " + example], cwd=self.folder, env=environment,
                                          stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
                    self.assertEqual((done.returncode, done.stderr), (0, b""))
                    self.assertNotEqual(done.stdout, b"")
                    commands += 1
        self.assertGreaterEqual(commands, 20)


class Streams(BightTest):
    """Answers come before the next question, and signals lose none."""

    COMMANDS = {**{name: READERS[name][0] for name in STREAMERS}, "grep": ["grep", "10.0.0.0/8"],
                "grep -v": ["grep", "-v", "11.0.0.0/8"], "grep -x": ["grep", "-x", "10.0.0.0/8"]}

    def open(self, *arguments):
        (self.folder / "routes").write_bytes(b"10.0.0.0/8 ten\n")
        return self.bight("ip", *arguments, cwd=self.folder)

    def ask(self, tool, text=b"10.0.0.1\n", answer=b"\n"):
        tool.child.stdin.write(text)
        before = len(tool.output)
        tool.read_until(lambda output: answer in output[before:])

    def test_each_answer_comes_before_the_next_question(self):
        for name, arguments in self.COMMANDS.items():
            with self.subTest(command=name):
                tool = self.open(*arguments)
                for _ in range(3):
                    self.ask(tool)
                self.assertEqual(tool.finish()[0], 0)

    def test_a_signal_ends_a_command_that_waits_and_loses_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for name, arguments in self.COMMANDS.items():
                with self.subTest(command=name, signal=number):
                    tool = self.open(*arguments)
                    self.ask(tool)
                    tool.send(number)
                    self.assertEqual(tool.wait(), 128 + number)
                    self.assertEqual(tool.stderr(), "")

    def test_a_signal_that_was_ignored_from_the_start_stays_ignored(self):
        for ignored, other in ((signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)):
            with self.subTest(ignored=ignored):
                tool = self.bight("ip", "info", preexec_fn=lambda: signal.signal(ignored, signal.SIG_IGN))
                self.ask(tool)
                tool.send(ignored)
                self.ask(tool)
                tool.send(other)
                self.assertEqual(tool.wait(), 128 + other)

    def test_a_signal_makes_grep_count_what_it_has_seen(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        tool = self.bight("ip", "grep", "-c", "10.0.0.0/8", "-", fifo)
        tool.child.stdin.write(b"10.0.0.1\n11.0.0.1\n10.0.0.2\n")
        tool.child.stdin.close()
        writer = os.open(fifo, os.O_WRONLY)  # once grep has opened it too: standard input was read to its end
        self.addCleanup(os.close, writer)
        tool.send(signal.SIGTERM)
        tool.child.stdin = None
        self.assertEqual(tool.finish(), (143, b"2\n"))

    def test_a_signal_prints_no_result_that_would_be_wrong(self):
        for arguments in (["collapse"], ["subtract", "11.0.0.0/8"], ["range"]):
            with self.subTest(arguments=arguments):
                fifo = self.folder / "fifo"
                fifo.unlink(missing_ok=True)
                os.mkfifo(fifo)
                with open(os.open(fifo, os.O_RDWR), "wb", buffering=0) as both:
                    tool = self.bight("ip", *arguments, stdin=both)
                    both.write(b"10.0.0.1\n")
                    self.assert_eventually(lambda: self.unread(both) == 0, "the line was read")
                    tool.send(signal.SIGINT)
                    self.assertEqual(tool.wait(), 130)
                self.assertEqual(tool.child.stdout.read(), b"")

    def test_a_signal_ends_what_would_write_for_ever(self):
        for arguments in (["list", "::/0"], ["split", "::/0", "128"]):
            with self.subTest(arguments=arguments):
                tool = self.bight("ip", *arguments)
                tool.read_until(lambda output: len(output) > 1 << 20)
                tool.send(signal.SIGINT)
                code, output = tool.finish()
                self.assertEqual((code, output[-1:]), (130, b"\n"))

    def test_all_is_written_where_standard_output_does_not_block(self):
        tool = self.bight("ip", "list", "10.0.0.0/15", preexec_fn=lambda: os.set_blocking(1, False))
        self.assert_eventually(lambda: self.sleeps(tool) or tool.child.poll() is not None, "the pipe is full")
        code, output = tool.finish()
        self.assertEqual((code, output.count(b"\n"), output[-13:]), (0, 1 << 17, b"10.1.255.255\n"), tool.stderr())

    def test_a_second_signal_ends_at_once_what_cannot_be_written(self):
        tool = self.bight("ip", "list", "::/0")
        tool.read_until(lambda output: len(output) > 0)
        self.assert_eventually(lambda: self.sleeps(tool), "the pipe is full")
        tool.send_and_see_taken(signal.SIGTERM)
        tool.send(signal.SIGINT)
        self.assertEqual(tool.wait(), 130)

    def test_of_two_signals_at_once_the_first_is_the_first(self):
        tool = self.bight("ip", "list", "::/0")
        tool.read_until(lambda output: len(output) > 0)
        self.assert_eventually(lambda: self.sleeps(tool), "the pipe is full")
        tool.stand_still()
        for number in (signal.SIGTERM, signal.SIGINT):
            tool.send(number)
        tool.send(signal.SIGCONT)
        self.assertEqual(tool.wait(), 143)  # the kernel gives the lower number first, and the other one ends it

    @staticmethod
    def sleeps(tool):
        return "\nState:\tS" in Path(f"/proc/{tool.pid}/status").read_text()

    @staticmethod
    def unread(pipe):
        count = array.array("i", [0])
        fcntl.ioctl(pipe, termios.FIONREAD, count)
        return count[0]
