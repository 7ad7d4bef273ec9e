# SPDX-License-Identifier: BSL-1.0
"""docs/parity-asyncio.tsv: every name of CPython's asyncio is there, and what is called done stands in the headers."""

import asyncio
import inspect
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def names_of_the_module():
    """The public names of asyncio and of its classes. TaskGroup is not in its list."""
    for name in {*asyncio.__all__, "TaskGroup"}:
        if name.startswith("_"):
            continue
        yield name
        thing = getattr(asyncio, name)
        if inspect.isclass(thing) and not issubclass(thing, BaseException):
            yield from (f"{name}.{member}" for member in dir(thing) if not member.startswith("_"))


class Parity(unittest.TestCase):
    def rows(self):
        return [line.split("\t") for line in (ROOT / "docs/parity-asyncio.tsv").read_text().splitlines()][1:]

    def test_every_name_is_there_and_no_other(self):
        listed = [name for name, *_ in self.rows()]
        self.assertEqual(len(listed), len(set(listed)))
        self.assertEqual(set(listed), set(names_of_the_module()))

    def test_every_state_is_one_of_three(self):
        for name, state, written in self.rows():
            self.assertRegex(state, r"^(done|to come|n\.a\. because .+)$", name)
            self.assertEqual(state == "done", written != "-" and state != "to come", name)

    def test_what_is_done_is_in_the_headers(self):
        folder = ROOT / "include/bight"
        words = set()
        for path in [folder / "error.h", *sorted((folder / "asyncio").glob("*.h"))]:
            words.update(re.findall(r"\w+", path.read_text()))
        for name, state, written in self.rows():
            if state == "done":
                self.assertTrue(set(re.findall(r"\w+", written)) <= words | {"bight"}, f"{name}: {written}")


if __name__ == "__main__":
    unittest.main()
