# SPDX-License-Identifier: BSL-1.0
"""CPython's own tests on top of bight, and that the runner itself is not easily content."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

RUN = Path(__file__).resolve().parent / "run"
BUILD = Path(os.environ.get("BIGHT_BUILD") or RUN.parents[2] / "build")
STAND_INS = 4


def run(*arguments, **options):
    return subprocess.run([sys.executable, RUN, *arguments], capture_output=True, text=True, **options)


class Suites(unittest.TestCase):
    timeout = 400  # the runner has a limit of its own, and tells what it has seen until then
    alone = True  # some of CPython's tests allow a call 10 ms

    def check(self, module, least):
        if len(list((BUILD / "conformance").glob("bight_*"))) < STAND_INS:
            self.skipTest("Python 3.11's headers, or pybind11, were not there when this was built")
        done = run(module, "--build", BUILD)
        print(done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0, "\n" + done.stdout + done.stderr)
        passed = int(done.stdout.splitlines()[-1].split()[1])
        self.assertGreaterEqual(passed, least)

    def test_socket(self):
        self.check("socket", 550)

    def test_ipaddress(self):
        self.check("ipaddress", 177)

    def test_select(self):
        self.check("select", 5)

    def test_poll(self):
        self.check("poll", 7)

    def test_epoll(self):
        self.check("epoll", 10)

    def test_selectors(self):
        self.check("selectors", 71)

    def test_socketserver(self):
        self.check("socketserver", 27)

    def test_asyncore(self):
        self.check("asyncore", 93)

    def test_asynchat(self):
        self.check("asynchat", 25)

    def test_asyncio(self):
        self.check("asyncio", 580)

    def test_asyncio_tls(self):
        self.check("asyncio_tls", 60)


class Runner(unittest.TestCase):
    """Stand-ins that a careless runner would let pass."""

    ONLY = "testHostnameRes|testGetServBy|BasicTCPTest.testRecv$"

    def run_with(self, stand_in, *arguments, module="socket", only=ONLY):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "conformance")
            place.mkdir()
            Path(place, f"bight_{module}.py").write_text(textwrap.dedent(stand_in))
            done = run(module, "--build", folder, "--only", only, *arguments)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stdout

    def test_cpythons_own_module_is_no_stand_in(self):
        self.assertIn("CPython's own _socket is in use as well", self.run_with("from _socket import *"))
        said = self.run_with("from select import *", module="select", only="")  # built into the interpreter
        self.assertIn("CPython's own select is in use as well", said)

    def test_a_test_that_skips_itself_without_reason_has_failed(self):
        said = self.run_with("""
            from _socket import *
            import _socket, unittest
            def getservbyname(*arguments):
                raise unittest.SkipTest("not here")
            """)
        self.assertIn("testGetServBy: skips itself, but runs on CPython: not here", said)

    def test_a_crash_and_a_wait_for_ever_are_failures_and_the_rest_goes_on(self):
        said = self.run_with("""
            from _socket import *
            import _socket, os, signal
            def getservbyname(*arguments):
                os.kill(os.getpid(), signal.SIGKILL)
            def gethostbyaddr(*arguments):
                signal.pause()
            """, "--stall", "2")
        self.assertIn("testGetServBy: killed by SIGKILL", said)
        self.assertIn("testHostnameRes: silent for 2 s", said)
        self.assertIn("1 passed", said.splitlines()[-1])

    def test_an_exclusion_that_the_suite_does_not_have_is_told(self):
        with tempfile.TemporaryDirectory() as lists:
            Path(lists, "socket.exclude.txt").write_text("test.test_socket.NoSuch.test\tfor a reason\n")
            said = self.run_with("from _socket import *", "--lists", lists)
        self.assertIn("skipped test.test_socket.NoSuch.test: on the list", said)


if __name__ == "__main__":
    unittest.main()
