# SPDX-License-Identifier: BSL-1.0
"""The bugs that ./test deep plants: each place that one changes is there, and once. Else its test would fail there, late."""

import importlib
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "deep"), str(ROOT / "tests" / "support" / "python")]

from planting import text_to_change  # noqa: E402


class Planted(unittest.TestCase):
    def test_each_place_is_there_once(self):
        modules = sorted((ROOT / "tests" / "deep").glob("test_planted_*.py"))
        self.assertGreater(len(modules), 2)
        for path in modules:
            module = importlib.import_module(path.stem)
            bugs = [*module.BUGS, *getattr(module, "OWN", [])]
            self.assertGreater(len(bugs), 3)
            for name, source, before, after, *_ in bugs:
                with self.subTest(bug=name):
                    text_to_change(source if (ROOT / source).exists() else f"src/{source}", before)
                    self.assertNotEqual(before, after)


if __name__ == "__main__":
    unittest.main()
