# SPDX-License-Identifier: BSL-1.0
"""The process in which tests/conformance/run has CPython's tests run; its argument is a plan in JSON.

Until the stand-in is in place nothing may be imported that itself imports a module of networking, as unittest and importlib.abc do.
"""

import importlib
import importlib.machinery
import json
import os
import sys


class StandIn:
    """Answers for a module's name for good, also for a test that throws it out of sys.modules and imports it again."""

    def __init__(self, name, module, blocked):
        self.name, self.module, self.blocked = name, module, blocked

    def find_spec(self, name, path=None, target=None):
        if name in self.blocked:
            raise ModuleNotFoundError(f"{name} is not to be had in this run", name=name)
        return importlib.machinery.ModuleSpec(name, self) if name == self.name else None

    def create_module(self, spec):
        return self.module

    def exec_module(self, module):
        pass


def put_in_place(name, stand_in, folder, send):
    if sys.modules.pop(name, None):
        send(kind="note", text=f"CPython's own {name} was there before the stand-in")
    sys.path.insert(0, folder)
    module = importlib.import_module(stand_in)
    sys.path.remove(folder)
    if name in sys.modules:
        send(kind="note", text=f"CPython's own {name} is in use as well: the stand-in has imported it")
    # CPython's _ssl reaches into the socket objects of CPython's _socket.
    blocked = ["_ssl"] if name == "_socket" else []
    sys.meta_path.insert(0, StandIn(name, module, blocked))
    sys.modules[name] = module
    return name, module


def look_for_the_genuine(name, module, send):
    if sys.modules.get(name) is not module:
        send(kind="note", text=f"{name} is not the stand-in any more")
    spec = importlib.machinery.PathFinder.find_spec(name)  # none for what is built into the interpreter
    if spec is None or not spec.origin:
        return
    with open("/proc/self/maps") as maps:
        mapped = any(line.rstrip().endswith(spec.origin) for line in maps)
    if mapped or any(getattr(other, "__file__", None) == spec.origin for other in list(sys.modules.values())):
        send(kind="note", text=f"CPython's own {name} is in use as well")


def tests_of(suite):
    for item in suite:
        if hasattr(item, "__iter__"):
            yield from tests_of(item)
        else:
            yield item


def make_result(send, owners):
    import unittest

    class Result(unittest.TestResult):
        def startTest(self, test):
            super().startTest(test)
            self.outcome = ("passed", "")
            send(kind="start", id=test.id())

        def stopTest(self, test):
            super().stopTest(test)
            send(kind="result", id=test.id(), status=self.outcome[0], text=self.outcome[1])

        def became(self, test, status, text):
            if not isinstance(test, unittest.TestCase) and not hasattr(test, "test_case"):
                self.fixture(test, status, text)
            elif self.outcome[0] != "failed":
                self.outcome = (status, text)

        def fixture(self, holder, status, text):
            """setUpClass or setUpModule skipped or failed: so did all tests that hang on it."""
            owner = holder.id().partition("(")[2].rstrip(")")
            for test in owners(owner):
                send(kind="result", id=test, status=status, text=text)

        def addError(self, test, err):
            super().addError(test, err)
            self.became(test, "failed", self._exc_info_to_string(err, test))

        def addFailure(self, test, err):
            super().addFailure(test, err)
            self.became(test, "failed", self._exc_info_to_string(err, test))

        def addSubTest(self, test, subtest, err):
            super().addSubTest(test, subtest, err)
            if err is not None:
                self.became(test, "failed", self._exc_info_to_string(err, test))

        def addSkip(self, test, reason):
            super().addSkip(test, reason)
            self.became(test, "skipped", reason)

        def addUnexpectedSuccess(self, test):
            super().addUnexpectedSuccess(test)
            self.became(test, "failed", "an unexpected success")

    return Result()


def run_tests(plan, send):
    import unittest

    every = []
    for name in plan["modules"]:
        try:
            module = importlib.import_module(name)
        except unittest.SkipTest as why:
            for test in plan["ids"] or ():
                if test.startswith(name + "."):
                    send(kind="result", id=test, status="skipped", text=str(why))
            continue
        every += tests_of(unittest.TestLoader().loadTestsFromModule(module))
    if plan["collect"]:
        send(kind="collected", ids=[test.id() for test in every])
        return
    wanted = set(plan["ids"])
    suite = unittest.TestSuite(test for test in every if test.id() in wanted)
    suite.run(make_result(send, lambda owner: [test for test in plan["ids"] if test.startswith(owner + ".")]))


def main():
    plan = json.loads(sys.argv.pop())
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if folder != here]
    os.set_inheritable(plan["pipe"], False)
    owner = os.getpid()

    def send(**event):
        if os.getpid() == owner:  # not from a fork that a test made
            os.write(plan["pipe"], json.dumps(event).encode() + b"\n")

    replaced = [put_in_place(*names, plan["folder"], send) for names in plan["replace"]]
    run_tests(plan, send)
    for name, module in replaced:
        look_for_the_genuine(name, module, send)
    send(kind="done")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that a test left behind do not hold it


main()
