#!/usr/bin/python3.11
# SPDX-License-Identifier: BSL-1.0
"""expect_error.py FILE COMPILER FLAGS...: passes if the compiler refuses FILE for the reason that it names.

One of the file's first lines is `// expect: REGEX`, which must be found in what the compiler says. The lines at fault
end in `// misuse`: without them the file must compile, so that none is refused for another reason.
"""

import re
import subprocess
import sys
from pathlib import Path


def compile_text(command, text):
    done = subprocess.run([*command, "-std=gnu++23", "-fsyntax-only", "-x", "c++", "-"], input=text,
                          capture_output=True, text=True)
    return done.returncode, done.stderr


def main(path, *command):
    text = Path(path).read_text()
    expected = re.search(r"^// expect: (.+)$", "\n".join(text.splitlines()[:5]), re.M)
    wrong = [line for line in text.splitlines() if line.rstrip().endswith("// misuse")]
    if not expected or not wrong:
        print(f"{path}: wants a first line `// expect: REGEX` and at least one line that ends in `// misuse`")
        return 1
    status, said = compile_text(command, "\n".join(line for line in text.splitlines() if line not in wrong))
    if status != 0:
        print(f"{path}: does not compile without its misuse either\n{said[:3000]}")
        return 1
    status, said = compile_text(command, text)
    if status == 0:
        print(f"{path}: compiles, and must not")
        return 1
    if not re.search(expected.group(1), said):
        print(f"{path}: refused, but not for `{expected.group(1)}`\n{said[:3000]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
