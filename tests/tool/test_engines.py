# SPDX-License-Identifier: BSL-1.0
"""Which engine coroutines get, where io_uring is offered and where it is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, BUILD, SOURCE, BightTest, exchange, open_socket  # noqa: E402

REFUSING = [sys.executable, SOURCE / "tests" / "support" / "python" / "without_io_uring.py"]
REFUSED = "io_uring is refused: operation not permitted"


def environment(engine=None):
    without = {name: value for name, value in os.environ.items() if name != "BIGHT_ENGINE"}
    return without | ({"BIGHT_ENGINE": engine} if engine else {})


class Engines(BightTest):
    def engine(self, *prefix, wanted=None):
        done = subprocess.run([*prefix, BIGHT, "doctor", "--json"], env=environment(wanted), capture_output=True, check=True)
        return json.loads(done.stdout)["engine"]

    def serve(self, *options):
        server = self.start(*REFUSING, BIGHT, "serve", "echo", "--style", "async", "--listen", "tcp:127.0.0.1:0", *options,
                            env=environment())
        line = server.read_until(lambda text: text.endswith(b"\n")).decode().strip()
        with open_socket(line.removeprefix("listening on ")) as connection:
            self.assertEqual(exchange(connection, b"still here"), b"still here")
        return server

    def test_refused_it_is_epoll_and_says_why(self):
        self.assertEqual(self.engine(*REFUSING), {"name": "epoll", "reason": REFUSED})

    def test_refused_and_insisted_on_there_is_none(self):
        self.assertEqual(self.engine(*REFUSING, wanted="uring"),
                         {"name": "none", "reason": "io_uring: operation not permitted"})

    def test_a_server_goes_on_without_and_says_it_once(self):
        server = self.serve("--workers", "2")
        server.child.terminate()
        self.assertEqual(server.wait(), 0)
        self.assertEqual(server.stderr().count(REFUSED), 1)

    def test_a_server_that_insists_does_not_begin(self):
        done = subprocess.run([*REFUSING, BIGHT, "serve", "echo", "--style", "async", "--engine", "uring", "--listen",
                               "tcp:127.0.0.1:0"], env=environment(), capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("io_uring: operation not permitted", done.stderr)

    def test_the_librarys_own_tests_pass_without_io_uring(self):
        program = BUILD / "tests" / "test_asyncio"
        if not program.exists():
            self.skipTest("built without the unit tests")
        done = subprocess.run([*REFUSING, program, "--gtest_filter=-*/sim"], env=environment(), capture_output=True, text=True,
                              timeout=560)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        self.assertIn("[  SKIPPED ]", done.stdout)  # those of io_uring

    test_the_librarys_own_tests_pass_without_io_uring.timeout = 600

