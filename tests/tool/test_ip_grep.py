# SPDX-License-Identifier: BSL-1.0
"""bight ip grep against Python and against grepcidr."""

import ipaddress
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, BightTest  # noqa: E402

PATTERNS = ["10.0.0.0/9", "192.0.2.7", "198.51.100.3-198.51.100.9", "2001:db8::/33", "::1"]


def grep(*arguments, stdin=b""):
    done = subprocess.run([BIGHT, "ip", "grep", *arguments], input=stdin, capture_output=True, timeout=2 * DEADLINE)
    return done.returncode, done.stdout, done.stderr.decode()


def addresses_in(line):
    """Slow and plain: the words of the two alphabets, without a full stop or colon at their end."""
    for word in re.findall(rb"[0-9A-Za-z.]+", line):
        try:
            yield ipaddress.IPv4Address(re.sub(rb"\.$", b"", word).decode())
        except ValueError:
            pass
    for word in re.findall(rb"[0-9A-Za-z.:]+", line):
        try:
            yield ipaddress.IPv6Address(re.sub(rb"(?<!:):$|\.$", b"", word).decode())
        except ValueError:
            pass


def is_wanted(address):
    for pattern in PATTERNS:
        first, _, last = pattern.partition("-")
        if last:
            if address.version == 4 and ipaddress.ip_address(first) <= address <= ipaddress.ip_address(last):
                return True
        elif address in ipaddress.ip_network(pattern):
            return True
    return False


def log_lines(seed, count, plain=False):
    """With `plain`, without what grepcidr reads otherwise: it finds x10.0.0.1, and no address at the end of a sentence."""
    pick = random.Random(seed)

    def address():
        kind = pick.randrange(4)
        if kind == 0:
            return str(ipaddress.IPv6Address(0x20010db8 << 96 | pick.getrandbits(96)))
        if kind == 1:
            return pick.choice(["192.0.2.7", "198.51.100.4", "198.51.100.10", "::1", "10.0.0.1", "10.200.0.1"])
        return str(ipaddress.IPv4Address(pick.getrandbits(2) << 24 | 8 << 24 | pick.getrandbits(24)))

    words = [b"GET", b"/index.html", b"HTTP/1.1", b"[10/Oct/2026:13:55:36", b"v1.2.3", b"300.1.2.3", b"1.2.3", b"::", b"a:b",
             b"10.0.0.1x", b"10.0.0.1.5", b"www.example.org", b"7:8:9", b"-", b"\xff\xfe"]
    words += [] if plain else [b"x10.0.0.1", b"\0"]
    ends = [b"", b",", b"]", b"/24", b"-x"] + ([] if plain else [b".", b":80", b":"])
    for _ in range(count):
        line = [pick.choice([b"", b"", b"(", b"src="]) + address().encode() + pick.choice(ends) if pick.random() < 0.3
                else pick.choice(words) for _ in range(pick.randrange(8))]
        yield b" ".join(line)


class Grep(BightTest):
    def test_agrees_with_python(self):
        lines = list(log_lines(1, 6000))
        data = b"\n".join(lines) + b"\n"
        found = [[each for each in addresses_in(line) if is_wanted(each)] for line in lines]
        wanted = [line for line, hits in zip(lines, found) if hits]
        others = [line for line, hits in zip(lines, found) if not hits]
        self.assertGreater(min(len(wanted), len(others)), 1000)
        self.assertEqual(grep(*PATTERNS, stdin=data), (0, b"".join(line + b"\n" for line in wanted), ""))
        self.assertEqual(grep(",".join(PATTERNS), "-v", stdin=data), (0, b"".join(line + b"\n" for line in others), ""))
        self.assertEqual(grep(*PATTERNS, "-c", stdin=data), (0, b"%d\n" % len(wanted), ""))
        self.assertEqual(grep(*PATTERNS, "-v", "-c", stdin=data), (0, b"%d\n" % len(others), ""))
        code, output, _ = grep(*PATTERNS, "--json", stdin=data)
        self.assertEqual([json.loads(line)["line"] for line in output.decode().splitlines()],
                         [line.decode("utf-8", "replace") for line in wanted])

    def test_agrees_with_grepcidr(self):
        if not shutil.which("grepcidr"):
            self.skipTest("the program grepcidr is not installed")
        data = b"\n".join(log_lines(2, 6000, plain=True)) + b"\n"
        theirs = subprocess.run(["grepcidr", " ".join(PATTERNS)], input=data, capture_output=True, timeout=DEADLINE).stdout
        self.assertGreater(theirs.count(b"\n"), 500)
        self.assertEqual(grep(*PATTERNS, stdin=data)[1], theirs)

    def test_prints_only_the_addresses(self):
        text = b"10.0.0.1 and 10.0.0.2.\nno 11.0.0.1\n[2001:db8::1]:80 ::ffff:10.0.0.3\n"
        self.assertEqual(grep("10.0.0.0/8,2001:db8::/32", "-o", stdin=text)[1],
                         b"10.0.0.1\n10.0.0.2\n2001:db8::1\n10.0.0.3\n")

    def test_whole_lines(self):
        text = b"10.0.0.1\n 10.0.0.2\n10.0.0.3\r\n10.0.0.4 x\n11.0.0.1\n::1\n"
        self.assertEqual(grep("10.0.0.0/8", "::1", "-x", stdin=text)[1], b"10.0.0.1\n10.0.0.3\r\n::1\n")
        self.assertEqual(grep("10.0.0.0/8", "::1", "-x", "-v", stdin=text)[1], b" 10.0.0.2\n10.0.0.4 x\n11.0.0.1\n")

    def test_files_patterns_and_exit_codes(self):
        with tempfile.TemporaryDirectory() as folder:
            log, ours = Path(folder, "log"), Path(folder, "ours")
            log.write_bytes(b"10.0.0.1\n11.0.0.1")
            ours.write_bytes(b"# ours\n11.0.0.0/8 12.0.0.0/8\n")
            self.assertEqual(grep("-f", str(ours), str(log), str(log)), (0, b"11.0.0.1\n11.0.0.1\n", ""))
            self.assertEqual(grep("13.0.0.0/8", str(log)), (1, b"", ""))
            self.assertEqual(grep("13.0.0.0/8", "-c", str(log)), (1, b"0\n", ""))
            self.assertEqual(grep("-f", str(ours), "-v", "-c", str(log)), (0, b"1\n", ""))

    def test_a_file_that_cannot_be_read_keeps_no_other_from_being_searched(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "log")
            log.write_bytes(b"10.0.0.1\n")
            code, output, errors = grep("10.0.0.0/8", str(log), folder, folder + "/none", str(log))
            self.assertEqual((code, output), (2, b"10.0.0.1\n10.0.0.1\n"))
            self.assertRegex(errors, rf"^bight: .*{folder}.*\nbight: .*{folder}/none.*\n$")

    def test_json_tells_every_address(self):
        text = b"10.0.0.1 to 10.0.0.2, 11.0.0.1 and ::1\r\nnothing\n10.0.0.3"
        _, output, _ = grep("10.0.0.0/8,::1", "--json", stdin=text)
        self.assertEqual([json.loads(line) for line in output.splitlines()],
                         [{"schema": "bight.ip/1", "line": "10.0.0.1 to 10.0.0.2, 11.0.0.1 and ::1",
                           "addresses": ["10.0.0.1", "10.0.0.2", "::1"]},
                          {"schema": "bight.ip/1", "line": "10.0.0.3", "addresses": ["10.0.0.3"]}])
        _, output, _ = grep("10.0.0.0/8,::1", "--json", "-o", stdin=text)
        self.assertEqual([json.loads(line) for line in output.splitlines()],
                         [{"schema": "bight.ip/1", "address": address} for address in ("10.0.0.1", "10.0.0.2", "::1", "10.0.0.3")])
        _, output, _ = grep("10.0.0.0/8,::1", "--json", "-v", stdin=text)
        self.assertEqual([json.loads(line) for line in output.splitlines()], [{"schema": "bight.ip/1", "line": "nothing"}])

    def test_a_file_may_begin_with_an_address(self):
        with tempfile.TemporaryDirectory() as folder:
            names = ["10.0.0.1-access.log", "10.0.0.1.log", "::1.log", "10.0.0.0-", "-file", "10.9.9.9", "10.0.0.1,x"]
            for name in names:
                Path(folder, name).write_bytes(b"10.0.0.1 %s\n" % name.encode())

            def run(*arguments):
                done = subprocess.run([BIGHT, "ip", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                                      timeout=DEADLINE)
                return done.returncode, done.stdout.decode(), done.stderr.decode()

            for name in names:
                self.assertEqual(run("grep", "10.0.0.0/8", "--", name), (0, f"10.0.0.1 {name}\n", ""))
                self.assertEqual(run("grep", "--", "10.0.0.0/8", name), (0, f"10.0.0.1 {name}\n", ""))
                if name not in ("-file", "10.9.9.9"):
                    self.assertEqual(run("grep", "10.0.0.0/8", "10.1.0.0/16", name), (0, f"10.0.0.1 {name}\n", ""))
            Path(folder, "10.0.0.1").write_bytes(b"10.0.0.0/31\n")
            self.assertEqual(run("subtract", "10.0.0.1", "--", "10.0.0.1"), (0, "10.0.0.0/32\n", ""))
            self.assertEqual(run("grep", "-f", "10.0.0.1", "10.0.0.1.log"), (0, "10.0.0.1 10.0.0.1.log\n", ""))
            code, output, errors = run("grep", "10.0.0.0/8", "10.0.0.1/8", "10.0.0.1.log")
            self.assertEqual((code, output), (2, ""))
            self.assertIn("host bits", errors)

    def test_a_line_that_is_too_long_is_left_out_aloud(self):
        longest = 64 << 20
        before, behind = b"10.0.0.1 before\n", b"10.0.0.2 behind\n"
        for name, line in (("exactly", b" 10.0.0.3".rjust(longest, b"x")), ("one more", b" 10.0.0.3".rjust(longest + 1, b"x")),
                           ("an address across", b"x" * (longest - 4) + b" 10.0.0.3 x")):
            text = before + line + b"\n" + behind
            fits = len(line) <= longest
            with self.subTest(line=name):
                for arguments, expected in ((["10.0.0.0/8"], text if fits else before + behind),
                                            (["-c", "10.0.0.0/8"], b"3\n" if fits else b"2\n"),
                                            (["-c", "-v", "11.0.0.0/8"], b"3\n" if fits else b"2\n"),
                                            (["-o", "10.0.0.3"], b"10.0.0.3\n" if fits else b"")):
                    code, output, errors = grep(*arguments, stdin=text)
                    self.assertEqual((code, output == expected), (0 if fits else 2, True), arguments)
                    self.assertEqual(errors, "" if fits else "bight: standard input: the line at byte 16 is longer than 64 MiB, "
                                                             "and left out\n")
        code, output, errors = grep("-v", "11.0.0.0/8", stdin=b"x" * (longest + 20))
        self.assertEqual((code, output, errors.count("\n")), (2, b"", 1))

    test_a_line_that_is_too_long_is_left_out_aloud.timeout = 120

    def cost_of_ten_thousand_answers(self, patterns):
        """The processor time of the tool, once it has read the patterns."""
        def cpu_seconds(process):
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        with tempfile.TemporaryDirectory() as folder:
            ours = Path(folder, "ours")
            ours.write_text("".join(f"10.{i >> 15 & 255}.{i >> 7 & 255}.{i * 2 & 255}\n" for i in range(patterns)))
            with subprocess.Popen([BIGHT, "ip", "grep", "-f", ours], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tool:
                def ask():
                    tool.stdin.write(b"10.0.0.0\n")
                    tool.stdin.flush()
                    self.assertEqual(tool.stdout.readline(), b"10.0.0.0\n")

                ask()
                start = cpu_seconds(tool)
                for _ in range(10_000):
                    ask()
                used = cpu_seconds(tool) - start
                tool.stdin.close()
                self.assertEqual(tool.wait(DEADLINE), 0)
        return used

    def test_many_patterns_cost_nothing_for_each_line(self):
        few, many = (self.cost_of_ten_thousand_answers(patterns) for patterns in (1, 500_000))
        # Measured: 0.03 s for both, and 0.76 s when 4 MB are copied for each line.
        self.assertLess(many, 3 * few + 0.2)

    def test_hostile_lines(self):
        for byte in (b".", b":", b"1", b"1.", b"1:", b"\0", b"\xff", b"10.0.0.1 "):
            text = byte * ((3 << 20) // len(byte)) + b"\n192.0.2.1\n"
            self.assertEqual(grep("192.0.2.1,2001:db8::/32", stdin=text), (0, b"192.0.2.1\n", ""), byte)
        many = b"::1 10.0.0.1 " * 100_000
        self.assertEqual(grep("10.0.0.1", "::1", "-o", stdin=many)[1], b"::1\n10.0.0.1\n" * 100_000)
        self.assertEqual(grep("::1", "10.0.0.2", "-o", stdin=many)[1], b"::1\n" * 100_000)
        self.assertEqual(grep("10.0.0.1", "::2", "-c", stdin=many), (0, b"1\n", ""))
