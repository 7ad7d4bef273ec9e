# SPDX-License-Identifier: BSL-1.0
"""Bugs planted in socket, each of which tests must see: else they would prove nothing. Some are for CPython's own tests,
the others, which those do not see, for our unit tests.

A source is compiled again with a change, as the build compiles it, and linked in front of the library: with the glue,
or with the unit tests of the cell `gcc`.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
sys.path.insert(0, str(SOURCE / "tests" / "support" / "python"))

from planting import BUILD, compile_changed, glue, link_stand_in  # noqa: E402

CELL = SOURCE / "build" / "cells" / "gcc"
UNIT_TESTS = CELL / "tests" / "CMakeFiles" / "test_blocking.dir" / "blocking"

# What it is called, the source, what is replaced there by what, and CPython's tests that are run.
BUGS = [
    ("timeouts_half_as_long_again", "blocking/socket_state.cpp", "wanted;\n    timeout = limit;\n",
     "wanted;\n    timeout = limit ? Timeout(*limit * 3 / 2) : limit;\n", r"[Tt]imeout"),
    ("a_peek_takes_what_it_sees", "blocking/message.cpp", "memory, room, state->without_waiting(flags),",
     "memory, room, state->without_waiting(flags) & ~MSG_PEEK,", r"Peek"),
    ("sendall_sends_once", "blocking/socket_state.cpp", "        rest = rest.slice(*sent);\n", "        rest = {};\n",
     r"test_sendall|SendAll|Sendfile|LargeSend"),
    ("inet_aton_reversed", "blocking/inet.cpp", "    return buffer_of(*packed);\n}\n\nstd::string inet_ntoa",
     "    return buffer_of(std::array{(*packed)[3], (*packed)[2], (*packed)[1], (*packed)[0]});\n}\n\nstd::string inet_ntoa",
     r"IPv4|IPv6|inet_"),
    ("the_hook_is_not_asked", "blocking/deadline.cpp", "if (interrupt_hook) interrupt_hook();", "", r"Interrupted|interrupted"),
    ("a_port_in_the_hosts_order", "sys/netdb.cpp", "return int{ntohs(static_cast<std::uint16_t>(entry.s_port))};",
     "return entry.s_port;", r"testGetServBy"),
    ("a_timeout_leaves_the_descriptor_blocking", "blocking/socket_state.cpp", "    o_nonblock = wanted;\n",
     "    o_nonblock = wanted;\n    (void)sys::set_nonblocking(fd.fileno(), false);\n", r"NonBlocking|[Tt]imeout"),
    ("close_leaves_the_descriptor_open", "blocking/socket_state.cpp", "    return fd.try_close();\n",
     "    (void)fd.detach();\n    return {};\n", r"[Cc]lose|Shutdown|RecvmsgEOF"),
    ("a_duplicate_is_inheritable", "sys/fd_calls.cpp", "::fcntl(fd, F_DUPFD_CLOEXEC, 0)", "::fcntl(fd, F_DUPFD, 0)",
     r"Inherit|CloexecConstant|[Dd]up"),
    ("an_abstract_name_without_its_nul", "values/address.cpp", "    return std::string(path);\n",
     "    return std::string(path.starts_with('\\0') ? path.substr(1) : path);\n", r"Abstract|Unix"),
    ("an_address_without_its_scope", "values/address.cpp", "family() == Family::inet6 ? load<std::uint32_t>(sockaddr(), layout::inet6_scope) : 0",
     "0", r"[Ss]cope"),
    ("cut_messages_are_not_told", "blocking/message.cpp", "message.flags = beside.flags;", "message.flags = 0;", r"Trunc"),
]

# The same, with a filter of our own tests.
OWN = [
    ("shutdown_does_nothing", "sys/socket_calls.cpp",
     "return checked_void(Call::shutdown, [&] { return ::shutdown(fd, how); });", "return (void)fd, (void)how, Result<void>();",
     "Data.half_close*"),
    ("descriptors_in_excess_stay_open", "blocking/received_fds.cpp", "        received.fds.resize(max_fds);\n",
     "        while (received.fds.size() > max_fds) (void)received.fds.back().detach(), received.fds.pop_back();\n",
     "Fds.in_excess*"),
    ("a_limit_begins_anew_with_each_signal", "blocking/deadline.cpp",
     "    while (true) {\n        auto ready = sys::poll({&descriptor, 1}, deadline.left());",
     "    auto left = deadline.left();\n    while (true) {\n        auto ready = sys::poll({&descriptor, 1}, left);", "Modes.*signals*"),
    ("a_duplicate_without_its_limit", "blocking/socket.cpp", "state.timeout, state.o_nonblock);\n}\n\nint Socket::detach()",
     "std::nullopt, state.o_nonblock);\n}\n\nint Socket::detach()", "Socket.dup*"),
    ("connect_ex_says_that_all_is_well", "blocking/socket.cpp",
     "return limit_ran_out ? EAGAIN : connected.error().number();  // Python's answer: it is still under way", "return 0;",
     "Connect.connect_ex*"),
    ("a_live_listener_counts_as_stale", "blocking/create.cpp",
     "if (answer || answer.error() != std::errc::connection_refused) return false;", "", "UnlinkStale.*"),
    ("another_users_path_counts_as_stale", "blocking/create.cpp", " || before->owner != sys::user()", "", "OtherUsers.*"),
    ("sendfile_raises_sigpipe", "sys/file_calls.cpp", "::pthread_sigmask(SIG_BLOCK, &pipe, &before);",
     "::pthread_sigmask(SIG_UNBLOCK, &pipe, &before);", "NoSignal.*"),
    ("getaddrinfo_drops_the_flags", "sys/resolve.cpp", "hints.ai_flags = options.flags;", "", "AddressInfo.*:BadNames.*"),
    ("a_cut_datagram_looks_whole", "blocking/batch.cpp", "slot.length = length;",
     "slot.length = std::min<std::size_t>(length, room.iov_len);", "Batch.tells*"),
    ("sendfile_asks_no_hook", "blocking/sendfile.cpp", " interrupted();  // a signal may be why", " {}  //",
     "Sendfile.asks*"),
]


class PlantedBugs(unittest.TestCase):
    timeout = 300

    def setUp(self):
        if not glue("socket"):
            self.skipTest("the stand-in is not built here: it wants Python 3.11's headers")

    def run_with(self, source, before, after, only):
        """CPython's tests with a source compiled anew."""
        with tempfile.TemporaryDirectory() as folder:
            link_stand_in("socket", folder, *compile_changed(BUILD, folder, f"src/{source}", before, after))
            return subprocess.run([sys.executable, SOURCE / "tests" / "conformance" / "run", "socket", "--build", folder,
                                   "--only", only, "--stall", "4", "--limit", "30"], capture_output=True, text=True)

    def test_without_a_bug_nobody_complains(self):
        for _, source, before, _, only in BUGS:
            with self.subTest(source=source, only=only):
                done = self.run_with(source, before, before, only)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check(self, source, before, after, only):
        done = self.run_with(source, before, after, only)
        print(done.stdout)
        self.assertEqual(done.returncode, 1, f"nobody saw it\n{done.stdout}{done.stderr}")


class PlantedForUnitTests(unittest.TestCase):
    timeout = 300

    def setUp(self):
        if not UNIT_TESTS.exists():
            self.skipTest("the unit tests are not built here: ./test quick does")

    def run_tests(self, program, only):
        """Whether they all passed; one that does not end has not."""
        try:
            done = subprocess.run([program, f"--gtest_filter={only}"], cwd=SOURCE, capture_output=True, text=True, timeout=30)
        except subprocess.TimeoutExpired:
            return False, "no end within 30 s"
        self.assertNotIn("Running 0 tests", done.stdout)
        return done.returncode == 0 and "[  PASSED  ]" in done.stdout, done.stdout + done.stderr

    def check(self, source, before, after, only):
        if "OtherUsers" in only and os.geteuid() != 0:
            self.skipTest("needs root, to become another user")
        passed, said = self.run_tests(CELL / "tests" / "test_blocking", only)
        self.assertTrue(passed, f"without the bug\n{said}")
        with tempfile.TemporaryDirectory() as folder:
            compiler, changed = compile_changed(CELL, folder, f"src/{source}", before, after)
            program = Path(folder, "test_blocking")
            subprocess.run([compiler, "-o", program, *map(str, sorted(UNIT_TESTS.glob("*.o"))), changed,
                            str(CELL / "tests" / "libtest_support.a"), str(CELL / "libbight.a"), "-lgtest_main", "-lgtest",
                            "-lpthread", "-Wl,--allow-multiple-definition"], check=True)
            passed, said = self.run_tests(program, only)
        print(said)
        self.assertFalse(passed, f"nobody saw it\n{said}")


def make_case(*bug):
    return lambda self: self.check(*bug)


for name, *bug in BUGS:
    setattr(PlantedBugs, "test_" + name, make_case(*bug))
for name, *bug in OWN:
    setattr(PlantedForUnitTests, "test_" + name, make_case(*bug))


if __name__ == "__main__":
    unittest.main()
