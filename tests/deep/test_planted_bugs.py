# SPDX-License-Identifier: BSL-1.0
"""Bugs planted in the library, each of which CPython's own tests must see: else they would prove nothing.

A source is compiled again with a change, as the build compiles it, and linked with the glue in front of the library.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build")
GLUE = BUILD / "tests" / "conformance" / "CMakeFiles" / "bight_socket.dir"

# What it is called, the source, what is replaced there by what, and the tests that are run.
BUGS = [
    ("timeouts_half_as_long_again", "blocking/socket_state.cpp", "    timeout = limit;\n",
     "    timeout = limit ? Timeout(*limit * 3 / 2) : limit;\n", r"[Tt]imeout"),
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
    ("cut_messages_are_not_told", "blocking/message.cpp", "message->flags = sizes->flags;", "message->flags = 0;", r"Trunc"),
]


def compile_command(source):
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    entry = next(entry for entry in entries if entry["file"] == str(source))
    return shlex.split(entry["command"])


class PlantedBugs(unittest.TestCase):
    timeout = 120

    def setUp(self):
        if not GLUE.exists():
            self.skipTest("the stand-in is not built here: it wants Python 3.11's headers")

    def build_with(self, folder, source, before, after):
        path = SOURCE / "src" / source
        text = path.read_text()
        self.assertEqual(text.count(before), 1, f"{source} has changed: plant this bug anew")
        changed = Path(folder, "changed.cpp")
        changed.write_text(text.replace(before, after))
        command = compile_command(path)
        command[command.index(str(path))] = str(changed)
        command[command.index("-o") + 1] = f"{folder}/changed.o"
        subprocess.run(command, cwd=BUILD, check=True)
        compiler = next(word for word in command if re.search(r"(g|clang)\+\+", word))
        Path(folder, "conformance").mkdir()
        subprocess.run([compiler, "-shared", "-o", f"{folder}/conformance/bight_socket.so", *map(str, sorted(GLUE.glob("*.o"))),
                        f"{folder}/changed.o", str(BUILD / "libbight.a"), "-lpthread", "-Wl,--allow-multiple-definition"], check=True)

    def check(self, source, before, after, only):
        with tempfile.TemporaryDirectory() as folder:
            self.build_with(folder, source, before, after)
            done = subprocess.run([sys.executable, SOURCE / "tests" / "conformance" / "run", "socket", "--build", folder,
                                   "--only", only, "--stall", "4", "--limit", "30"], capture_output=True, text=True)
        print(done.stdout)
        self.assertEqual(done.returncode, 1, f"nobody saw it\n{done.stdout}{done.stderr}")


def make_case(*bug):
    return lambda self: self.check(*bug)


for name, *bug in BUGS:
    setattr(PlantedBugs, "test_" + name, make_case(*bug))


if __name__ == "__main__":
    unittest.main()
