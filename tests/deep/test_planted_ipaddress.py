# SPDX-License-Identifier: BSL-1.0
"""Bugs planted in ipaddress, each of which CPython's own tests must see: else they would prove nothing.

A source is compiled again, as the build compiles it, with a changed copy of itself or of a header in front, and linked
with the glue before the library.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
sys.path.insert(0, str(SOURCE / "tests" / "support" / "python"))

from planting import compile_changed, glue, link_stand_in, BUILD  # noqa: E402

VALUES = "src/values/ipaddress/"

# What it is called, what is changed, what is replaced there by what, the source that is compiled, a test that must fail.
BUGS = [
    ("leading_zeros_are_taken", "include/bight/ipaddress/parse.h",
     " || octets.count + 3 != size", "", VALUES + "address.cpp", "test_leading_zeros"),
    ("one_zero_group_is_shortened", "include/bight/ipaddress/text.h", "if (run < 2 ||", "if (run < 1 ||",
     VALUES + "address.cpp", "testCompressIPv6Address"),
    ("halves_are_not_joined", VALUES + "collapse.cpp", "join_last(collapsed);", "", VALUES + "collapse.cpp",
     "testCollapsing"),
    ("the_pointer_is_not_reversed", VALUES + "address.cpp", "IPv4Address(__builtin_bswap32(value_))", "*this",
     VALUES + "address.cpp", "testReversePointer"),
    ("the_message_names_another_limit", VALUES + "explain.cpp", "At most 3 characters", "At most 4 characters",
     VALUES + "explain.cpp", "test_octet_length"),
    ("no_digits_are_grouped", VALUES + "format.cpp", "shift % (4 * step) == 0", "false", VALUES + "format.cpp",
     "testFormat|test_format"),
]


class PlantedBugs(unittest.TestCase):
    timeout = 300

    def setUp(self):
        if not glue("ipaddress"):
            self.skipTest("the stand-in is not built here: it wants Python 3.11's headers and pybind11")

    def run_with(self, changed, before, after, source):
        """CPython's tests with a source compiled anew."""
        with tempfile.TemporaryDirectory() as folder:
            link_stand_in("ipaddress", folder, *compile_changed(BUILD, folder, changed, before, after, source))
            return subprocess.run([sys.executable, SOURCE / "tests/conformance/run", "ipaddress", "--build", folder],
                                  capture_output=True, text=True)

    def test_without_a_bug_nobody_complains(self):
        for _, changed, before, _, source, _ in BUGS:
            with self.subTest(source=source, changed=changed):
                done = self.run_with(changed, before, before, source)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check(self, changed, before, after, source, sees):
        done = self.run_with(changed, before, after, source)
        print(done.stdout)
        self.assertEqual(done.returncode, 1, f"nobody saw it\n{done.stdout}{done.stderr}")
        self.assertRegex(done.stdout, rf"FAILED .*({sees})")


def make_case(*bug):
    return lambda self: self.check(*bug)


for name, *bug in BUGS:
    setattr(PlantedBugs, "test_" + name, make_case(*bug))


if __name__ == "__main__":
    unittest.main()
