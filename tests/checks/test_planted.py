# SPDX-License-Identifier: BSL-1.0
"""The bugs that ./test deep plants: each place that one changes is there, and once. Else its test would fail there, late."""

import importlib
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "deep"), str(ROOT / "tests" / "support" / "python")]


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
                    place = next(root / source for root in (ROOT, ROOT / "src") if (root / source).exists())
                    self.assertEqual(place.read_text().count(before), 1, f"{source} has changed: plant this bug anew")
                    self.assertNotEqual(before, after)


if __name__ == "__main__":
    unittest.main()
