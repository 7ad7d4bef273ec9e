# SPDX-License-Identifier: BSL-1.0
"""Plants a bug: a source compiled again, as a build compiles it, with one place changed."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[3])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build")


def text_to_change(changed, before):
    """The text of a source, in which `before` stands once."""
    text = (SOURCE / changed).read_text()
    if text.count(before) != 1:
        raise AssertionError(f"{changed} has changed: plant this bug anew")
    return text


def compile_changed(build, folder, changed, before, after, source=None):
    """Compiles `source`, or the file that is changed itself, with `after` for `before` in `changed`; both are paths from
    the top. Returns the compiler and the object."""
    source = source or changed
    text = text_to_change(changed, before)
    copy = Path(folder, changed)
    copy.parent.mkdir(parents=True)
    copy.write_text(text.replace(before, after))
    path = str(SOURCE / source)
    entries = json.loads((build / "compile_commands.json").read_text())
    command = shlex.split(next(entry["command"] for entry in entries if entry["file"] == path))
    command[command.index(path)] = str(copy) if changed == source else path
    command[command.index("-o") + 1] = f"{folder}/changed.o"
    compiler = next(i for i, word in enumerate(command) if re.search(r"(g|clang)\+\+", word))
    command[compiler + 1:compiler + 1] = [f"-I{folder}/src", f"-I{folder}/include"]
    subprocess.run([*command, "-Wno-error"], cwd=build, check=True)
    return command[compiler], f"{folder}/changed.o"


def glue(name):
    """The objects of the stand-in for a module."""
    return sorted((BUILD / "tests" / "conformance" / "CMakeFiles" / f"bight_{name}.dir").glob("*.o"))


def link_stand_in(name, folder, compiler, changed):
    """The stand-in for a module with the changed object before the library, in `folder`/conformance."""
    place = Path(folder, "conformance")
    place.mkdir(exist_ok=True)
    subprocess.run([compiler, "-shared", "-o", place / f"bight_{name}.so", changed, *glue(name), BUILD / "libbight.a",
                    "-lpthread", "-Wl,--allow-multiple-definition"], check=True)
