# SPDX-License-Identifier: BSL-1.0
"""The tables about ipaddress: what is said of CPython's names is said of all of them, and what is generated is fresh."""

import inspect
import ipaddress
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPERATORS = {f"__{name}__" for name in "add sub eq ge gt le lt hash init int str format contains getitem iter".split()}
OF_INSTANCES = {"network", "netmask", "network_address"}  # set by __init__: no introspection of a class finds them


def names_of_the_module():
    """The public names of ipaddress and of its classes, as Python itself lists them."""
    for name, thing in vars(ipaddress).items():
        if name.startswith("_") or inspect.ismodule(thing):
            continue
        yield name
        if not inspect.isclass(thing) or issubclass(thing, Exception):
            continue
        for member in dir(thing):
            if member in OPERATORS or not member.startswith("_"):
                if getattr(thing, member) is not getattr(object, member, None) or member == "__init__":
                    yield f"{name}.{member}"


class Parity(unittest.TestCase):
    def rows(self):
        lines = (ROOT / "docs/parity-ipaddress.tsv").read_text().splitlines()
        return [line.split("\t") for line in lines if not line.startswith("#")][1:]

    def test_every_name_is_there_and_no_other(self):
        listed = [name for name, *_ in self.rows()]
        self.assertEqual(len(listed), len(set(listed)))
        wanted = {name for name in names_of_the_module() if name.split(".")[-1] not in ("__getitem__", "__iter__")
                  or "Network" in name}
        extra = {name for name in listed if name.split(".")[-1] in OF_INSTANCES and name not in wanted}
        self.assertEqual(set(listed) - extra, wanted)

    def test_every_state_is_done_or_has_a_reason(self):
        for name, state, cpp in self.rows():
            self.assertRegex(state, r"^(done|n\.a\. because .+)$", name)
            self.assertTrue(cpp, name)

    def test_what_is_done_is_in_the_headers(self):
        text = "".join(path.read_text() for path in [ROOT / "include/bight/ipaddress.h",
                                                     *sorted((ROOT / "include/bight/ipaddress").glob("*.h"))])
        for name, state, cpp in self.rows():
            last = name.split(".")[-1]
            if state == "done" and not last.startswith("__"):
                self.assertRegex(text, rf"\b{last}\b", name)


class Registry(unittest.TestCase):
    def generate(self, *arguments):
        return subprocess.run([ROOT / "tools/generate_registry", *arguments], capture_output=True, text=True)

    def test_the_tables_are_what_the_generator_writes(self):
        done = self.generate("--check")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_changed_row_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("tools/iana", "include/bight/ipaddress", "src/values/ipaddress"):
                shutil.copytree(ROOT / name, Path(folder, name))
            path = Path(folder, "tools/iana/ipv4-special.csv")
            path.write_text(path.read_text().replace("172.16.0.0/12", "172.16.0.0/13"))
            done = self.generate("--check", "--root", folder)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("registry.h is not what", done.stdout)
        self.assertIn("registry_rows.cpp is not what", done.stdout)

    def test_it_agrees_with_cpython_where_cpython_has_the_block(self):
        """A slip of the pen in the tables would show as a difference from what CPython has by heart."""
        rows = {ipaddress.ip_network(block) for name in ("ipv4", "ipv6")
                for block in [line.split(",")[0] for line in
                              (ROOT / f"tools/iana/{name}-special.csv").read_text().splitlines()[1:]]}
        for version in (4, 6):
            constants = getattr(ipaddress, f"_IPv{version}Constants")
            for block in constants._private_networks:
                inside = any(row.version == version and (row == block or row.subnet_of(block)) for row in rows)
                self.assertTrue(inside, block)


if __name__ == "__main__":
    unittest.main()
