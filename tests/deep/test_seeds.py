# SPDX-License-Identifier: BSL-1.0
"""The scenarios of the simulation, each with many more seeds than in ./test."""

import os
import subprocess
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build")
SEEDS = "20000"


class Seeds(unittest.TestCase):
    timeout = 1800

    def run_scenarios(self, names):
        done = subprocess.run([BUILD / "tests" / "deep" / "scenarios", f"--gtest_filter={names}"], cwd=SOURCE,
                              env=dict(os.environ, BIGHT_SEEDS=SEEDS), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\[  PASSED  \] [1-9]", "nothing ran")

    def test_streams(self):
        self.run_scenarios("Streams.*")

    def test_names_datagrams_and_time(self):
        self.run_scenarios("Others.*")


if __name__ == "__main__":
    unittest.main()
