# SPDX-License-Identifier: BSL-1.0
"""What the checks share: the files of the project, their C++ without comments and strings, and how a check reports."""

import argparse
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CPP_FOLDERS = ("include", "src", "tool", "tests", "examples", "bench", "fuzz")


def arguments(description, **flags):
    """Every check takes --root, so that its own test can plant a violation in a tree made for it. `flags` are options
    by name, with what argparse takes; `files` is the list of names that may follow."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=HERE)
    for name, settings in flags.items():
        parser.add_argument(name if name == "files" else f"--{name}", **settings)
    return parser.parse_args()


def cpp_files(root, *folders):
    """The C++ files below `folders` (all of the project's when none is named), as paths relative to `root`."""
    found = []
    for folder in folders or CPP_FOLDERS:
        found += [p for p in (root / folder).rglob("*") if p.suffix in (".h", ".cpp") and "build" not in p.parts]
    return sorted(p.relative_to(root) for p in found)


_TOKEN = re.compile(
    r"""//[^\n]* | /\*.*?\*/                        # comments
      | R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"        # raw strings
      | "(?:\\.|[^"\\\n])*"                         # strings
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'         # characters, but not the marks in 1'000'000
    """,
    re.X | re.S,
)


def bare(text):
    """`text` with comments, strings and characters blanked out and every line where it was."""

    def blank(match):
        token = match.group(0)
        mark = '""' if token[0] in "\"R" else "' '" if token[0] == "'" else ""
        return mark + "\n" * token.count("\n")

    return _TOKEN.sub(blank, text)


def finish(name, violations, checked):
    """Prints what was found and ends the program. A check that looked at nothing has failed."""
    for violation in violations:
        print(violation)
    if checked == 0:
        violations = [*violations, "nothing to check"]
        print(f"{name}: nothing to check")
    print(f"{name}: {checked} checked, {len(violations)} violations")
    sys.exit(1 if violations else 0)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)
