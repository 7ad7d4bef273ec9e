# SPDX-License-Identifier: BSL-1.0
"""What of the transfer of files takes long: a thousand kills of either side, links swapped in ten thousand times, a file
of 5 GiB."""

import hashlib
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

os.environ["BIGHT_DEEP"] = "1"
SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
sys.path.insert(0, str(SOURCE / "tests" / "tool"))

import test_files  # noqa: E402


class KilledOften(test_files.Killed):
    pass


class LinksSwappedIn(unittest.TestCase):
    timeout = 600

    def test_ten_thousand_times(self):
        program = SOURCE / "build" / "cells" / "gcc" / "tests" / "test_frameworks"
        if not program.exists():
            self.skipTest("the cell gcc is not built; ./test builds it before this one")
        done = subprocess.run([program, "--gtest_filter=Hostile.links_are_swapped_in_while_files_come"], cwd=SOURCE,
                              capture_output=True, text=True)
        self.assertIn("[  PASSED  ] 1 test.", done.stdout, done.stdout + done.stderr)


class Large(test_files.FilesTest):
    timeout = 600

    # B049.
    def test_five_gibibytes(self):
        file = self.folder / "sparse"
        size = 5 << 30
        with open(file, "wb") as sparse:
            sparse.truncate(size)
            sparse.seek(size // 2)
            sparse.write(b"middle")
        receiver = self.receive("--once", "--max-size", "8G")
        sender = self.bight("send", "--json", file, receiver.endpoint)
        self.assertEqual(sender.wait(500), 0, sender.stderr())
        sent = json.loads(sender.finish()[1])
        with open(self.inbox / "sparse", "rb") as received:
            digest = hashlib.file_digest(received, "sha256").hexdigest()
        self.assertEqual((sent["size"], sent["sha256"]), (size, digest))
        self.assertEqual((self.inbox / "sparse").stat().st_size, size)
        self.assertEqual(receiver.wait(), 0)
