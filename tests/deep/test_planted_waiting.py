# SPDX-License-Identifier: BSL-1.0
"""Bugs planted in select and selectors, each of which CPython's own tests must see: else they would prove nothing.

A source is compiled again, as the build compiles it, with a changed copy of itself or of a header in front, and linked
with the glue before the library.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build")
STAND_INS = {name: BUILD / "conformance" / f"bight_{name}.so" for name in ("select", "selectors")}

# What it is called, what is changed, what is replaced there by what, the source that is compiled, the suite, a test that
# must fail.
BUGS = [
    ("a_signal_fails_a_wait", "blocking/insist_on_waiting.h", "if (error.number() != EINTR) raise", "raise",
     "blocking/selector_poll.cpp", "selectors", "PollSelector.*test_select_interrupt_noraise"),
    ("what_is_unknown_is_removed", "blocking/select_poll.cpp", "if (!state_->registered.remove(fd)) throw",
     "if (!state_->registered.remove(fd) && false) throw", "blocking/select_poll.cpp", "poll", "test_poll_unit_tests"),
    ("two_threads_in_poll", "blocking/select_poll.cpp", "if (busy) throw BusyError", "if (false) throw BusyError",
     "blocking/select_poll.cpp", "poll", "test_threaded_poll"),
    ("a_negative_limit_does_not_wait", "blocking/select_poll.cpp",
     "auto limit = negative_is_none(timeout);", "auto limit = timeout;", "blocking/select_poll.cpp", "poll",
     "test_poll_blocks_with_negative_ms"),
    ("any_size_hint_is_taken", "blocking/select_epoll.cpp", "if (sizehint != -1 && sizehint <= 0)", "if (false)",
     "blocking/select_epoll.cpp", "epoll", "test_badcreate"),
    ("a_closed_epoll_has_a_number", "blocking/select_epoll.cpp", '    require_open("fileno");\n', "",
     "blocking/select_epoll.cpp", "epoll", "test_close"),
    ("an_edge_is_a_level", "blocking/select_epoll.cpp", "operation, fd, events.value,", "operation, fd, events.value & ~EPOLLET,",
     "blocking/select_epoll.cpp", "epoll", "test_control_and_wait"),
    ("an_epoll_is_inherited", "sys/wait_calls.cpp", "::epoll_create1(EPOLL_CLOEXEC)", "::epoll_create1(0)",
     "sys/wait_calls.cpp", "epoll", "test_fd_non_inheritable"),
    ("a_negative_limit_of_select_waits", "blocking/select.cpp", 'throw ValueError("timeout must be non-negative");',
     "timeout.reset();", "blocking/select.cpp", "select", "test_error_conditions"),
    ("a_removed_one_is_still_looked_at", "blocking/selector_select.cpp", "        writers_.remove(key.fd());\n", "",
     "blocking/selector_select.cpp", "selectors", "SelectSelector.*test_timeout"),
    ("what_was_closed_is_not_found", "blocking/selectors.cpp", "    if (file.object())\n", "    if (false)\n",
     "blocking/selectors.cpp", "selectors", "test_unregister_after_socket_close"),
    ("a_descriptor_twice", "blocking/selectors.cpp", "if (lookup(file)) throw", "if (false) throw",
     "blocking/selectors.cpp", "selectors", "PollSelector.*test_register"),
]


class PlantedBugs(unittest.TestCase):
    timeout = 180

    def setUp(self):
        if not all(path.exists() for path in STAND_INS.values()):
            self.skipTest("the stand-ins are not built here: they want Python 3.11's headers and pybind11")

    def compile_changed(self, folder, changed, before, after, source):
        text = (SOURCE / "src" / changed).read_text()
        self.assertEqual(text.count(before), 1, f"{changed} has changed: plant this bug anew")
        copy = Path(folder, "src", changed)
        copy.parent.mkdir(parents=True)
        copy.write_text(text.replace(before, after))
        path = str(SOURCE / "src" / source)
        entries = json.loads((BUILD / "compile_commands.json").read_text())
        command = shlex.split(next(entry["command"] for entry in entries if entry["file"] == path))
        command[command.index(path)] = str(copy) if changed == source else path
        command[command.index("-o") + 1] = f"{folder}/changed.o"
        compiler = next(i for i, word in enumerate(command) if re.search(r"(g|clang)\+\+", word))
        command.insert(compiler + 1, f"-I{folder}/src")
        subprocess.run(command, cwd=BUILD, check=True)
        return command[compiler]

    def check(self, changed, before, after, source, suite, sees):
        with tempfile.TemporaryDirectory() as folder:
            compiler = self.compile_changed(folder, changed, before, after, source)
            place = Path(folder, "conformance")
            place.mkdir()
            for name, path in STAND_INS.items():
                shutil.copy(path, place)
            name = "selectors" if suite == "selectors" else "select"
            glue = BUILD / "tests" / "conformance" / "CMakeFiles" / f"bight_{name}.dir"
            subprocess.run([compiler, "-shared", "-o", place / f"bight_{name}.so", f"{folder}/changed.o",
                            *map(str, sorted(glue.glob("*.o"))), str(BUILD / "libbight.a"), "-lpthread"], check=True)
            done = subprocess.run([sys.executable, SOURCE / "tests/conformance/run", suite, "--build", folder, "--stall", "20",
                                   "--only", sees], capture_output=True, text=True)
        print(done.stdout)
        self.assertEqual(done.returncode, 1, f"nobody saw it\n{done.stdout}{done.stderr}")
        self.assertRegex(done.stdout, rf"FAILED .*({sees})")


def make_case(*bug):
    return lambda self: self.check(*bug)


for name, *bug in BUGS:
    setattr(PlantedBugs, "test_" + name, make_case(*bug))


if __name__ == "__main__":
    unittest.main()
