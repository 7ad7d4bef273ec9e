# SPDX-License-Identifier: BSL-1.0
"""Bugs planted in select and selectors, each of which CPython's own tests must see: else they would prove nothing.

A source is compiled again, as the build compiles it, with a changed copy of itself or of a header in front, and linked
with the glue before the library.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
sys.path.insert(0, str(SOURCE / "tests" / "support" / "python"))

from planting import BUILD, compile_changed, link_stand_in  # noqa: E402

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
    timeout = 300

    def setUp(self):
        if not all(path.exists() for path in STAND_INS.values()):
            self.skipTest("the stand-ins are not built here: they want Python 3.11's headers and pybind11")

    def run_with(self, changed, before, after, source, suite, only):
        """CPython's tests with a source compiled anew."""
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, "conformance")
            place.mkdir()
            for path in STAND_INS.values():
                shutil.copy(path, place)
            compiler, built = compile_changed(BUILD, folder, f"src/{changed}", before, after, f"src/{source}")
            link_stand_in("selectors" if suite == "selectors" else "select", folder, compiler, built)
            return subprocess.run([sys.executable, SOURCE / "tests/conformance/run", suite, "--build", folder, "--stall", "20",
                                   "--only", only], capture_output=True, text=True)

    def test_without_a_bug_nobody_complains(self):
        for _, changed, before, _, source, suite, sees in BUGS:
            with self.subTest(source=source, changed=changed):
                done = self.run_with(changed, before, before, source, suite, sees)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check(self, changed, before, after, source, suite, sees):
        done = self.run_with(changed, before, after, source, suite, sees)
        print(done.stdout)
        self.assertEqual(done.returncode, 1, f"nobody saw it\n{done.stdout}{done.stderr}")
        self.assertRegex(done.stdout, rf"FAILED .*({sees})")


def make_case(*bug):
    return lambda self: self.check(*bug)


for name, *bug in BUGS:
    setattr(PlantedBugs, "test_" + name, make_case(*bug))


if __name__ == "__main__":
    unittest.main()
