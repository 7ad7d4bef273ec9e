#!/usr/bin/python3.11
# SPDX-License-Identifier: BSL-1.0
"""Runs one unittest case for ctest, or lists a file's cases for CMake.

    run_case.py FILE Class.method      exit 0 passed, 1 failed, 77 skipped (the reason is printed)
    run_case.py --list FILE            one line a case: Class.method SECONDS ALONE

A file is listed by importing it, so inherited methods count too; a file that cannot be imported has one case, `import`,
which fails and shows why. A class or method may carry an attribute `timeout` (seconds) where 120 will not do, and `alone`
where what runs beside it would spoil what it measures.
"""

import importlib.util
import os
import sys
import traceback
import unittest

PASSED, FAILED, SKIPPED = 0, 1, 77
DEFAULT_TIMEOUT = 120


def load(path):
    name = os.path.splitext(os.path.basename(path))[0]
    # A file's folder and tests/ itself, so that cases can share helpers.
    sys.path[:0] = [os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.abspath(__file__))]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def list_cases(path):
    try:
        module = load(path)
    except BaseException:
        return [("import", DEFAULT_TIMEOUT, False)]
    cases = []
    for name, kind in vars(module).items():
        if isinstance(kind, type) and issubclass(kind, unittest.TestCase) and kind.__module__ == module.__name__:
            for method in unittest.defaultTestLoader.getTestCaseNames(kind):
                limit, alone = (getattr(getattr(kind, method), attribute, getattr(kind, attribute, default))
                                for attribute, default in (("timeout", DEFAULT_TIMEOUT), ("alone", False)))
                cases.append((f"{name}.{method}", limit, alone))
    return cases


def run_case(path, case):
    try:
        module = load(path)
        suite = unittest.defaultTestLoader.loadTestsFromName(case, module)
    except BaseException:
        traceback.print_exc()
        return FAILED
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite)
    if result.testsRun == 0 and not result.skipped:
        print(f"{case}: no such test", file=sys.stderr)
        return FAILED
    if not result.wasSuccessful() or result.unexpectedSuccesses:
        return FAILED
    # A case whose every part ran counts as passed; one skipped part makes it a skip, so that nothing is hidden.
    if result.skipped:
        for _, reason in result.skipped:
            print(f"skipped: {reason}")
        return SKIPPED
    return PASSED


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if arguments[0] == "--list":
        for case in list_cases(arguments[1]):
            print(*case)
        return 0
    return run_case(*arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
