# SPDX-License-Identifier: BSL-1.0
"""The sum at the end of ./test: what it counts, and that nothing that went wrong adds up to well."""

import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PASS = '<testcase name="a" status="run"><system-out>fine</system-out></testcase>'
FAIL = '<testcase name="b" status="fail"><failure message=""/><system-out>what went wrong</system-out></testcase>'
SKIP = '<testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>' \
       "<system-out>skipped: no such kernel</system-out></testcase>"
GTEST_SKIP = '<testcase name="d" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>' \
             "<system-out>[ RUN ]\nx_test.cpp:4: Skipped\nno IPv6 here\n</system-out></testcase>"
NOT_BUILT = '<testcase name="e" status="notrun"><skipped message="Unable to find executable"/></testcase>'
DISABLED = '<testcase name="f" status="disabled"><system-out/></testcase>'


class Tally(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.logs = Path(folder.name)

    def cell(self, name, *cases, status=0):
        (self.logs / f"{name}.xml").write_text(f"<testsuite>{''.join(cases)}</testsuite>")
        (self.logs / f"{name}.exit").write_text(f"{status}\n")

    def tally(self, *arguments):
        return subprocess.run([ROOT / "tools" / "tally", "--logs", self.logs, *arguments], capture_output=True, text=True)

    def assert_sum(self, last_line, status, *names):
        done = self.tally("total", *names)
        self.assertEqual(done.stdout.splitlines()[-1], last_line, done.stdout + done.stderr)
        self.assertEqual(done.returncode, status)
        return done.stdout

    def test_cells_add_up(self):
        self.cell("one", PASS, PASS, SKIP)
        self.cell("two", PASS, SKIP, GTEST_SKIP)
        said = self.assert_sum("3 passed, 0 failed, 3 skipped", 0, "one", "two")
        self.assertIn("c: no such kernel (in 2 cells)", said)
        self.assertIn("d: no IPv6 here", said)

    def test_a_failure(self):
        self.cell("one", PASS, FAIL, status=8)
        self.assertIn("FAILED one: b", self.assert_sum("1 passed, 1 failed, 0 skipped", 1, "one"))
        self.assertIn("what went wrong", self.tally("cell", "one", "3").stdout)

    def test_a_cell_that_was_not_built(self):
        self.cell("one", PASS)
        (self.logs / "two.build.log").write_text("error: no such header")
        self.assert_sum("1 passed, 1 failed, 0 skipped", 1, "one", "two")
        self.assertIn("no such header", self.tally("cell", "two", "3").stdout)

    def test_a_cell_whose_tests_could_not_be_listed(self):
        (self.logs / "one.log").write_text("cannot list the tests")
        (self.logs / "one.exit").write_text("8\n")
        self.assert_sum("0 passed, 1 failed, 0 skipped", 1, "one")
        self.assertIn("cannot list the tests", self.tally("cell", "one", "3").stdout)

    def test_a_cell_without_tests(self):
        self.cell("one")
        self.assert_sum("0 passed, 1 failed, 0 skipped", 1, "one")

    def test_a_cell_that_ended_badly_though_no_test_failed(self):
        self.cell("one", PASS, status=8)
        self.assert_sum("1 passed, 1 failed, 0 skipped", 1, "one")

    def test_a_program_that_is_missing_is_no_skip(self):
        self.cell("one", PASS, NOT_BUILT, status=8)
        self.assert_sum("1 passed, 1 failed, 0 skipped", 1, "one")

    def test_a_disabled_test_is_a_skip(self):
        self.cell("one", PASS, DISABLED)
        self.assertIn("f: disabled", self.assert_sum("1 passed, 0 failed, 1 skipped", 0, "one"))


class Runner(unittest.TestCase):
    """tests/run_case.py, which says how each Python case ended."""

    CASES = (
        "import unittest\n"
        "class Base(unittest.TestCase):\n"
        "    def test_passes(self): pass\n"
        "    def test_fails(self): self.fail('no')\n"
        "    def test_skips(self): self.skipTest('not here')\n"
        "class More(Base):\n"
        "    timeout = 300\n"
        "    alone = True\n"
    )

    def run_case(self, text, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "test_x.py")
            file.write_text(text)
            command = [ROOT / "tests" / "run_case.py", *(file if a == "FILE" else a for a in arguments)]
            return subprocess.run(command, capture_output=True, text=True)

    def test_lists_inherited_cases_and_limits(self):
        listed = self.run_case(self.CASES, "--list", "FILE").stdout.splitlines()
        self.assertEqual(len(listed), 6)
        self.assertIn("Base.test_passes 120 False", listed)
        self.assertIn("More.test_passes 300 True", listed)

    def test_ends_as_the_case_did(self):
        for case, status in (("passes", 0), ("fails", 1), ("skips", 77), ("is_not_there", 1)):
            with self.subTest(case):
                self.assertEqual(self.run_case(self.CASES, "FILE", f"Base.test_{case}").returncode, status)

    def test_says_why_it_skipped(self):
        self.assertIn("skipped: not here", self.run_case(self.CASES, "FILE", "More.test_skips").stdout)

    def test_a_file_that_cannot_be_imported_is_one_failure(self):
        broken = "import no_such_module\n"
        self.assertEqual(self.run_case(broken, "--list", "FILE").stdout, "import 120 False\n")
        self.assertEqual(self.run_case(broken, "FILE", "import").returncode, 1)
