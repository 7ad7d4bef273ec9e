# SPDX-License-Identifier: BSL-1.0
"""Bugs planted in ipaddress, each of which CPython's own tests must see: else they would prove nothing.

A source is compiled again, as the build compiles it, with a changed copy of itself or of a header in front, and linked
with the glue before the library.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build")
GLUE = BUILD / "tests" / "conformance" / "CMakeFiles" / "bight_ipaddress.dir"
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
    timeout = 120

    def setUp(self):
        if not GLUE.exists():
            self.skipTest("the stand-in is not built here: it wants Python 3.11's headers and pybind11")

    def compile_changed(self, folder, changed, before, after, source):
        text = (SOURCE / changed).read_text()
        self.assertEqual(text.count(before), 1, f"{changed} has changed: plant this bug anew")
        copy = Path(folder, changed)
        copy.parent.mkdir(parents=True)
        copy.write_text(text.replace(before, after))
        path = str(SOURCE / source)
        entries = json.loads((BUILD / "compile_commands.json").read_text())
        command = shlex.split(next(entry["command"] for entry in entries if entry["file"] == path))
        command[command.index(path)] = str(copy) if changed == source else path
        command[command.index("-o") + 1] = f"{folder}/changed.o"
        compiler = next(i for i, word in enumerate(command) if re.search(r"(g|clang)\+\+", word))
        command.insert(compiler + 1, f"-I{folder}/include")
        subprocess.run(command, cwd=BUILD, check=True)
        return command[compiler]

    def check(self, changed, before, after, source, sees):
        with tempfile.TemporaryDirectory() as folder:
            compiler = self.compile_changed(folder, changed, before, after, source)
            Path(folder, "conformance").mkdir()
            subprocess.run([compiler, "-shared", "-o", f"{folder}/conformance/bight_ipaddress.so", f"{folder}/changed.o",
                            *map(str, sorted(GLUE.glob("*.o"))), str(BUILD / "libbight.a"), "-lpthread"], check=True)
            done = subprocess.run([sys.executable, SOURCE / "tests/conformance/run", "ipaddress", "--build", folder],
                                  capture_output=True, text=True)
        print(done.stdout)
        self.assertEqual(done.returncode, 1, f"nobody saw it\n{done.stdout}{done.stderr}")
        self.assertRegex(done.stdout, rf"FAILED .*({sees})")


def make_case(*bug):
    return lambda self: self.check(*bug)


for name, *bug in BUGS:
    setattr(PlantedBugs, "test_" + name, make_case(*bug))


if __name__ == "__main__":
    unittest.main()
