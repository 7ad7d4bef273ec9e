# SPDX-License-Identifier: BSL-1.0
"""What a release must be: without the test seam, hardened, every descriptor close-on-exec, usable when installed."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SOURCE, BUILD, TOOL = Path(os.environ["BIGHT_SOURCE"]), Path(os.environ["BIGHT_BUILD"]), Path(os.environ["BIGHT"])


def output_of(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Seam(unittest.TestCase):
    def names(self, library):
        return [line for line in output_of("nm", "-C", str(library)).splitlines() if "bight::sys::seam::" in line]

    def test_the_release_library_has_none(self):
        self.assertEqual(self.names(BUILD / "libbight.a"), [])

    def test_the_library_of_the_tests_has_one(self):
        library = SOURCE / "build" / "cells" / "gcc" / "libbight.a"
        if not library.exists():
            self.skipTest("the cell gcc is not built; ./test builds it before this one")
        self.assertNotEqual(self.names(library), [], "the check above would see nothing")


class Hardening(unittest.TestCase):
    def test_the_tool_is_position_independent_with_read_only_relocations(self):
        dynamic = output_of("readelf", "--wide", "--dynamic", "--program-headers", str(TOOL))
        for wanted in ("BIND_NOW", "PIE", "GNU_RELRO"):
            self.assertIn(wanted, dynamic)
        self.assertRegex(dynamic, r"GNU_STACK.* RW ")

    def test_the_library_guards_its_stack_and_its_copies(self):
        undefined = output_of("nm", "-u", str(TOOL))
        self.assertIn("__stack_chk_fail", undefined)
        self.assertRegex(undefined, r"__\w+_chk\b(?<!stack_chk)")


class CloseOnExec(unittest.TestCase):
    MAKERS = "socket socketpair accept accept4 epoll_create epoll_create1 eventfd eventfd2 timerfd_create signalfd " \
             "signalfd4 pipe pipe2 dup dup2 dup3 memfd_create"

    def setUp(self):
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")

    def strace(self, trace):
        calls = ",".join("?" + name for name in self.MAKERS.split())  # ?: not every machine has the old ones
        return ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={calls}"]

    def made(self, trace):
        return [line for line in trace.read_text().splitlines() if re.search(r"= \d+$", line)]

    def inheritable(self, calls):
        return [call for call in calls if "CLOEXEC" not in call]

    def traced_server(self, style, *engine):
        """The calls that made descriptors while a server of this style accepted a client, echoed and stopped."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        trace, port_file = Path(folder.name, "trace"), Path(folder.name, "port")
        server = subprocess.Popen(
            [*self.strace(trace), TOOL, "serve", "echo",
             "--listen", "tcp:127.0.0.1:0", "--style", style, *engine, "--port-file", port_file],
            stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            deadline = time.monotonic() + 20
            while not port_file.exists() and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            with socket.create_connection(("127.0.0.1", int(port_file.read_text())), 10) as client:
                client.sendall(b"hello")
                self.assertEqual(client.recv(5), b"hello")
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
        return self.made(trace)

    def test_in_every_style_of_the_server(self):
        offered = re.search(r"--style \w+:\{([a-z,]+)\}", output_of(TOOL, "serve", "--help"))
        styles = offered.group(1).split(",")
        self.assertLessEqual({"iterative", "thread", "selectors"}, set(styles))
        for style in styles:
            with self.subTest(style):
                engine = ("--engine", "epoll") if style == "async" else ()
                calls = self.traced_server(style, *engine)
                self.assertTrue(any("accept" in call for call in calls), calls)
                self.assertEqual(self.inheritable(calls), [])

    def test_on_io_uring_which_accepts_by_itself(self):
        calls = self.traced_server("async", "--engine", "auto")
        self.assertTrue(any("eventfd2" in call for call in calls), calls)
        self.assertEqual(self.inheritable(calls), [])

    def test_one_that_is_not_would_be_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder, "trace")
            output_of(*self.strace(trace), "/usr/bin/python3.11", "-c", "import os; os.dup2(1, 9)")
            self.assertEqual(len(self.inheritable(self.made(trace))), 1)


class Installed(unittest.TestCase):
    timeout = 600
    PROGRAM = '#include <bight/socket.h>\nint main() { return bight::Address::ip("127.0.0.1", 80).to_string().empty(); }\n'
    WITH_OPENSSL = """#include <bight/file_transfer.h>
int main() {
    auto [here, there] = bight::socket::socketpair();
    here.close();
    const bight::file_transfer::Inbox inbox(".");
    return bight::file_transfer::Receiver(there, inbox).receive() ? 1 : 0;
}
"""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bight user ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "main.cpp").write_text(self.PROGRAM)

    def install(self):
        prefix = self.folder / "prefix"
        output_of("cmake", "--install", str(BUILD), "--prefix", str(prefix))
        return prefix

    def build_with_cmake(self, lines, *settings, library="bight::bight"):
        (self.folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(user CXX)\n" + lines +
            f"\nadd_executable(user main.cpp)\ntarget_link_libraries(user PRIVATE {library})\n")
        build = self.folder / "build"
        output_of("cmake", "-S", str(self.folder), "-B", str(build), "-G", "Ninja", *settings)
        output_of("ninja", "-C", str(build), "user")
        output_of(str(build / "user"))
        return (build / "build.ninja").read_text()

    def test_found_by_cmake(self):
        ninja = self.build_with_cmake("find_package(bight 0.1 REQUIRED)", f"-DCMAKE_PREFIX_PATH={self.install()}")
        self.assertIn("-foptimize-sibling-calls", ninja)
        self.assertNotIn("BIGHT_FAULTS", ninja)
        self.assertNotIn("-Wconversion", ninja)

    def need_openssl(self):
        if not (BUILD / "libbight_openssl.a").exists():
            self.skipTest("built without OpenSSL")
        (self.folder / "main.cpp").write_text(self.WITH_OPENSSL)

    def test_the_component_openssl_found_by_cmake(self):
        self.need_openssl()
        self.build_with_cmake("find_package(bight 0.1 REQUIRED COMPONENTS openssl)",
                              f"-DCMAKE_PREFIX_PATH={self.install()}", library="bight::openssl")

    def test_the_component_openssl_found_by_pkg_config(self):
        self.need_openssl()
        self.build_with_pkg_config("bight-openssl")

    def test_without_openssl_the_rest_is_found(self):
        self.build_with_cmake("find_package(bight 0.1 REQUIRED OPTIONAL_COMPONENTS openssl)\n"
                              "if(TARGET bight::openssl)\n  message(FATAL_ERROR found)\nendif()",
                              f"-DCMAKE_PREFIX_PATH={self.install()}", "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON")

    def test_the_library_itself_depends_on_no_openssl(self):
        self.assertNotIn(" EVP_", output_of("nm", "-u", str(BUILD / "libbight.a")))

    def test_found_by_pkg_config(self):
        self.build_with_pkg_config("bight")

    def build_with_pkg_config(self, name):
        if shutil.which("pkg-config") is None:
            self.skipTest("pkg-config is not installed")
        found = next(self.install().rglob("bight.pc")).parent
        environment = {**os.environ, "PKG_CONFIG_PATH": str(found)}
        flags = shlex.split(output_of("pkg-config", "--cflags", "--libs", name, env=environment))
        program = self.folder / "user"
        output_of("g++", "-std=c++23", str(self.folder / "main.cpp"), *flags, "-o", str(program))
        output_of(str(program))

    def test_as_a_subdirectory(self):
        lines = f'add_subdirectory("{SOURCE}" bight)'
        ninja = self.build_with_cmake(lines)
        rule = ninja.split("CMakeFiles/user.dir/main.cpp.o: ")[1].split("\n\n")[0]
        self.assertNotIn("-Wconversion", rule)
        self.assertNotIn("ctest", ninja)
        # In the same build folder, for the library is compiled once so.
        with self.subTest("the component openssl"):
            self.need_openssl()
            self.build_with_cmake(lines, library="bight::openssl")
        with self.subTest("without OpenSSL the rest is built"):
            (self.folder / "main.cpp").write_text(self.PROGRAM)
            self.build_with_cmake(lines + "\nif(TARGET bight::openssl)\n  message(FATAL_ERROR found)\nendif()",
                                  "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON")

    def test_installs_every_public_header_and_no_private_one(self):
        installed = {str(p.relative_to(self.folder / "prefix/include")) for p in self.install().rglob("*.h")}
        ours = {str(p.relative_to(SOURCE / "include")) for p in (SOURCE / "include").rglob("*.h")}
        self.assertEqual(installed, ours)
