# SPDX-License-Identifier: BSL-1.0
"""Each check sees what it is for: a tree with one violation planted fails, the same tree without it passes."""

import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SPDX = "// SPDX-License-Identifier: BSL-1.0\n"


class CheckCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bight checks ")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text, first=SPDX):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(first + text)

    def run_check(self, name, *arguments):
        return subprocess.run([ROOT / "tools" / name, "--root", self.root, *arguments], capture_output=True, text=True)

    def assert_passes(self, name, *arguments):
        done = self.run_check(name, *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_fails(self, name, saying, *arguments):
        done = self.run_check(name, *arguments)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(saying, done.stdout + done.stderr)


class Layers(CheckCase):
    def setUp(self):
        super().setUp()
        self.write("include/bight/error.h", "#include <string>\n")
        self.write("src/blocking/socket.cpp", '#include <bight/error.h>\n#include "sys/calls.h"\n#include <cerrno>\n')
        self.write("src/sys/calls.h", "#include <sys/socket.h>\n")
        self.write("include/bight/socket.h", "#include <netinet/tcp.h>\n#include <sys/un.h>\n")

    def plant(self, path, text, saying):
        self.assert_passes("check_layers")
        self.write(path, text)
        self.assert_fails("check_layers", saying)

    def test_an_include_that_points_upward(self):
        self.plant("src/values/error.cpp", '#include "blocking/deadline.h"\n', "layer 2, above this file's 0")

    def test_a_public_header_that_points_upward(self):
        self.plant("src/sys/calls.h", "#include <bight/socket.h>\n", "layer 2, above this file's 1")

    def test_a_system_header_outside_sys(self):
        self.plant("src/blocking/poll.cpp", "#include <poll.h>\n", "<poll.h> belongs in src/sys")

    def test_a_system_header_in_a_public_header(self):
        self.plant("include/bight/address.h", "#include <sys/socket.h>\n", "belongs in src/sys")

    def test_a_fifth_header_in_socket_h(self):
        self.plant("include/bight/socket.h", "#include <netdb.h>\n", "belongs in src/sys")

    def test_a_private_header_in_a_public_one(self):
        self.plant("include/bight/select.h", '#include "sys/calls.h"\n', "private to the library")

    def test_the_loop_in_socketserver(self):
        self.plant("src/frameworks/socketserver_threads.cpp", "#include <bight/asyncio.h>\n", "knows the loop")

    def test_the_loop_in_a_folder_of_socketserver(self):
        self.plant("src/frameworks/socketserver/pool.cpp", '#include "engine/engine.h"\n', "knows the loop")

    def test_the_loop_in_socketserver_by_way_of_another_framework(self):
        self.write("include/bight/endpoints.h", "#include <bight/asyncio.h>\n")
        self.plant("include/bight/asynchat.h", "#include <bight/endpoints.h>\n", "knows the loop")

    def test_what_frameworks_share_may_be_used_by_socketserver(self):
        self.write("src/frameworks/threads.h", "#include <bight/socket.h>\n")
        self.write("src/frameworks/socketserver.cpp", '#include "frameworks/threads.h"\n')
        self.assert_passes("check_layers")

    def test_a_public_header_without_a_layer(self):
        self.plant("include/bight/misc.h", "", "not in the table")

    def test_a_folder_that_is_no_layer(self):
        self.plant("src/util/misc.cpp", "", "is no layer")

    def test_the_umbrella_header_in_the_library(self):
        self.plant("src/frameworks/all.cpp", "#include <bight/bight.h>\n", "above this file's 5")

    def test_a_public_header_that_the_umbrella_lacks(self):
        self.write("include/bight/bight.h", "#pragma once\n#include <bight/error.h>\n#include <bight/socket.h>\n")
        self.write("include/bight/constants.h", "#pragma once\n")  # on the list
        self.plant("include/bight/time.h", "#pragma once\n", "include/bight/time.h: not in bight.h")

    def test_a_public_header_in_the_umbrella_that_is_to_be_left_out(self):
        self.write("include/bight/bight.h", "#pragma once\n#include <bight/error.h>\n#include <bight/socket.h>\n")
        self.write("include/bight/lowlevel.h", "#pragma once\n")
        self.plant("include/bight/socket.h", "#include <bight/lowlevel.h>\n", "to be left out")

    def test_a_call_around_sys(self):
        self.plant("src/blocking/close.cpp", "int f() { return ::close(3); }\n", "::close() goes around src/sys")

    def test_a_clock_around_sys(self):
        self.plant("src/blocking/now.cpp", "auto t = std::chrono::steady_clock::now();\n", "goes around src/sys")

    def test_a_call_in_a_comment_is_none(self):
        self.write("src/blocking/close.cpp", "// ::close(3)\nauto s = \"::close(3)\";\n")
        self.assert_passes("check_layers")

    def test_an_empty_tree(self):
        with tempfile.TemporaryDirectory() as empty:
            self.root = Path(empty)
            self.assert_fails("check_layers", "nothing to check")


class Shape(CheckCase):
    def setUp(self):
        super().setUp()
        self.write("src/values/error.cpp", "namespace bight {\nint f() { return 1; }\n}\n")

    def plant(self, path, text, saying, first=SPDX):
        self.assert_passes("check_shape")
        self.write(path, text, first)
        self.assert_fails("check_shape", saying)

    def body(self, lines):
        return "    f();\n" * lines

    def test_a_long_public_header(self):
        self.plant("include/bight/x.h", "#pragma once\n" + "int x;\n" * 399, "401 lines, the cap is 400")

    def test_a_long_source(self):
        self.plant("src/values/x.cpp", "int x;\n" * 600, "601 lines, the cap is 600")

    def test_a_long_test(self):
        self.plant("tests/values/x_test.cpp", "int x;\n" * 600, "601 lines, the cap is 600")

    def test_no_licence_line(self):
        self.plant("src/values/x.cpp", "int x;\n", "the first line is not", first="")

    def test_a_header_without_pragma_once(self):
        self.plant("src/values/x.h", "int x;\n", "no #pragma once")

    def test_conditional_code(self):
        self.plant("src/blocking/x.cpp", "#ifdef __linux__\n#endif\n", "#ifdef belongs in src/sys")

    def test_conditional_code_where_it_may_be(self):
        for path in ("src/sys/x.cpp", "src/engine/choose.cpp"):
            self.write(path, "#ifdef __linux__\n#endif\n")
        self.write("include/bight/format.h", "#pragma once\n#if 1\n#endif\n")
        self.assert_passes("check_shape")

    def test_a_function_of_sixty_lines_passes(self):
        self.write("src/values/x.cpp", "int g(int a) {\n" + self.body(58) + "}\n")
        self.assert_passes("check_shape")

    def test_a_function_of_sixty_one_lines(self):
        self.plant("src/values/x.cpp", "int g(int a) {\n" + self.body(59) + "}\n", "61 lines, the cap is 60: int g(int a)")

    def test_long_functions_of_every_kind(self):
        heads = {
            "const": "int A::g(int a) const noexcept override {",
            "constructor": "A::A(int a) : a_{a}, b_(a) {",
            "template": "template <class T, class U = std::vector<int>> auto g(T a) -> decltype(a) {",
            "operator": "bool operator==(const A& a, const A& b) {",
            "method": "struct A { int g() {",
            "lambda": "auto g = [](int a) {",
            "requires": "template <class T> requires std::integral<T> void g(T a) {",
            "default": "void g(std::string_view a = \"{\") {",
        }
        for kind, head in heads.items():
            with self.subTest(kind):
                end = "}};\n" if kind == "method" else "};\n"
                self.plant("src/values/x.cpp", head + "\n" + self.body(60) + end, "62 lines, the cap is 60")
            (self.root / "src/values/x.cpp").unlink()

    def test_what_is_long_and_no_function(self):
        self.write("src/values/x.cpp", "class A : public B<int()> {\n" + "    int f() { return 1; }\n" * 70 + "};\n"
                   "constexpr int table[] = {\n" + "    1,\n" * 70 + "};\nenum class E {\n" + "    a,\n" * 70 + "};\n")
        self.assert_passes("check_shape")


class Headers(CheckCase):
    timeout = 120

    def setUp(self):
        super().setUp()
        self.write("include/bight/x.h", "#pragma once\n#include <string>\nnamespace bight { std::string x(); }\n")

    def test_a_header_that_leans_on_another(self):
        self.assert_passes("check_headers")
        self.write("include/bight/x.h", "#pragma once\nnamespace bight { std::string x(); }\n")
        self.assert_fails("check_headers", "bight/x.h alone, g++ -std=gnu++23")

    def test_a_name_that_is_a_macro_in_gnu_mode_only(self):
        self.write("include/bight/x.h", "#pragma once\nnamespace bight { enum class F { unix }; }\n")
        done = self.run_check("check_headers")
        self.assertIn("alone, clang++-19 -std=gnu++23", done.stdout)
        self.assertNotIn("-std=c++23", done.stdout)

    def test_a_change_below_is_seen_although_the_header_passed_before(self):
        self.write("include/bight/y.h", "#pragma once\n#include <bight/x.h>\ninline auto y() { return bight::x(); }\n")
        self.assert_passes("check_headers")
        self.write("include/bight/x.h", "#pragma once\nnamespace bight { }\n")
        self.assert_fails("check_headers", "bight/y.h alone")


class CompileCost(CheckCase):
    timeout = 120

    def test_a_dear_header(self):
        self.write("tests/compile_cost/baseline.cpp", "#include <string>\nint main() {}\n")
        self.write("tests/compile_cost/asio_echo.cpp", "int main() {}\n")
        self.write("include/bight/socket.h", "#include <string>\n")
        self.write("tests/compile_cost/echo.cpp", "#include <bight/socket.h>\nint main() {}\n")
        self.assert_passes("check_compile_cost", "--runs", "3")
        self.write("include/bight/socket.h", "#include <regex>\ninline bool f(const char* s)"
                   " { return std::regex_match(s, std::regex(\"a*b\")); }\n")
        self.write("tests/compile_cost/echo.cpp", "#include <bight/socket.h>\nint main() { return f(\"b\"); }\n")
        self.assert_fails("check_compile_cost", "limit 2.0", "--runs", "3")

    def test_an_echo_server_that_does_not_compile(self):
        self.write("tests/compile_cost/baseline.cpp", "int main() {}\n")
        self.write("tests/compile_cost/echo.cpp", "int main() { return }\n")
        self.assert_fails("check_compile_cost", "echo.cpp does not compile")


class Format(CheckCase):
    def test_a_line_out_of_shape(self):
        self.write(".clang-format", (ROOT / ".clang-format").read_text(), first="")
        self.write("src/values/x.cpp", "int f() { return 1; }\n")
        self.assert_passes("format", "--check")
        self.write("src/values/x.cpp", "int f()   {return 1;}\n")
        self.assert_fails("format", "tools/format mends this", "--check")
        self.assert_passes("format")
        self.assert_passes("format", "--check")


class Misuse(CheckCase):
    def expect(self, text):
        self.write("x.cpp", text, first="")
        runner = ROOT / "tests" / "misuse" / "expect_error.py"
        return subprocess.run([runner, self.root / "x.cpp", "g++"], capture_output=True, text=True)

    def test_what_must_be_refused_and_is(self):
        self.assertEqual(self.expect("// expect: not declared\nint main() {\nreturn x;  // misuse\n}\n").returncode, 0)

    def test_what_compiles(self):
        done = self.expect("// expect: not declared\nint main() {\nreturn 1;  // misuse\n}\n")
        self.assertIn("compiles, and must not", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_what_is_refused_for_another_reason(self):
        done = self.expect("// expect: deleted function\nint main() {\nreturn x;  // misuse\n}\n")
        self.assertIn("but not for", done.stdout)
        self.assertEqual(done.returncode, 1)

    def test_what_does_not_compile_without_its_misuse(self):
        done = self.expect("// expect: not declared\nint main() {\nreturn x;  // misuse\n} y\n")
        self.assertIn("does not compile without", done.stdout)
        self.assertEqual(done.returncode, 1)
