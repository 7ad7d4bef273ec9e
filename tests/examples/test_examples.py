# SPDX-License-Identifier: BSL-1.0
"""Each example and its Python counterpart, played by one script: in C++, in Python, and crossed, they say the same."""

import os
import re
import sys
import time
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build" / "cells" / "gcc")
sys.path.insert(0, str(SOURCE / "tests" / "support" / "python"))

from example_pairs import CPP, PYTHON, Play, SCENARIOS, find, masked, play  # noqa: E402


class ExampleTest(unittest.TestCase):
    maxDiff = None

    def check_same(self, scenario):
        """C++ with itself says what Python says with itself, and every program has something to say."""
        ours, theirs = play(scenario, CPP, BUILD), play(scenario, PYTHON, BUILD)
        self.assertEqual(masked(ours), masked(theirs))
        self.assertLessEqual(set(scenario.sides), {who for who, lines in ours if lines})

    def check_crossed(self, scenario):
        """Neither side can tell in which language the other was written."""
        expected = masked(play(scenario, PYTHON, BUILD))
        for one in scenario.sides:
            mixed = {side: CPP if side == one else PYTHON for side in scenario.sides}
            self.assertEqual(masked(play(scenario, mixed, BUILD)), expected, mixed)

    def stage(self, number, language):
        return Play(find(number), language, BUILD)


def one_for_each(name, check, scenarios):
    """A class with a test method for each scenario: `test_` and the name of its folder."""
    return type(name, (ExampleTest,), {"__module__": __name__} | {
        "test_" + scenario.example: lambda self, scenario=scenario: check(self, scenario) for scenario in scenarios})


SameTranscript = one_for_each("SameTranscript", ExampleTest.check_same, SCENARIOS)
Crossed = one_for_each("Crossed", ExampleTest.check_crossed,
                       [scenario for scenario in SCENARIOS if len(scenario.sides) == 2])


class Behaviour(ExampleTest):
    def test_every_example_is_played_here(self):
        folders = sorted(folder.name for folder in (SOURCE / "examples").iterdir() if folder.is_dir())
        pairs = [name for name in folders if not (SOURCE / "examples" / name / "main.cpp").exists()]
        for tests, names in (SameTranscript, folders), (Crossed, pairs):
            methods = sorted(name for name in vars(tests) if name.startswith("test_"))
            self.assertEqual(methods, ["test_" + name for name in names])
        self.assertGreaterEqual(len(pairs), 10)

    def test_every_program_has_its_counterpart_in_python(self):
        programs = {suffix: sorted(path.with_suffix("") for path in (SOURCE / "examples").glob("*/*" + suffix)
                                   if path.name != "protocol.py")  # what the library has, and Python has not
                    for suffix in (".cpp", ".py")}
        self.assertEqual(programs[".cpp"], programs[".py"])

    def test_every_example_stands_in_the_readme(self):
        listed = re.findall(r"^\| `(\w+)` \|", (SOURCE / "examples" / "README.md").read_text(), re.M)
        self.assertEqual(listed, [scenario.example for scenario in SCENARIOS])

    def check_services_file(self, language):
        """666 is whatever the machine's own services file says, which for Debian's is an error."""
        transcript = play(find("06"), language, BUILD)
        names = re.findall(r"^([\w-]+)\s+666/", Path("/etc/services").read_text(), re.M)
        expected = f"{names[0]}://example.org/" if names else "port 666: port/proto not found"
        self.assertIn(expected, transcript[0][1])

    def test_06_knows_no_doom(self): self.check_services_file(CPP)
    def test_06_in_python_knows_no_doom(self): self.check_services_file(PYTHON)

    def check_no_busy_loop(self, number, language):
        with self.stage(number, language) as stage:
            server = stage.server()
            if number == "33":
                stage.visitor().ask("a client that stays")
            begin = time.monotonic()
            while server.cpu_share(0.2) > 0 and time.monotonic() < begin + 10:
                pass  # its start may go on after it has said that it listens
            self.assertLess(server.cpu_share(), 0.05)

    def test_22_waits_without_a_busy_loop(self): self.check_no_busy_loop("22", CPP)
    def test_33_waits_without_a_busy_loop(self): self.check_no_busy_loop("33", CPP)
    def test_33_in_python_waits_without_a_busy_loop(self): self.check_no_busy_loop("33", PYTHON)

    def check_slow_reader(self, language):
        """What the kernel does not take at once stays in the queue, in order, and others are served meanwhile."""
        with self.stage("33", language) as stage:
            server = stage.server()
            visitor = stage.visitor()
            sent = "".join(f"{i:08}" for i in range(1 << 20))
            visitor.type(sent)
            stage.client().finish()
            server.wait_for(" left")
            heard = ""
            while len(heard) < len(sent):
                part = visitor.listen()
                self.assertTrue(part, "the server hung up")
                heard += re.sub("[^0-9]", "", part)
            self.assertEqual(heard, sent)
            self.assertTrue(server.runs())

    def test_33_keeps_what_cannot_be_sent_yet(self): self.check_slow_reader(CPP)
    def test_33_in_python_keeps_what_cannot_be_sent_yet(self): self.check_slow_reader(PYTHON)

    def check_restart(self, language):
        """What the server closed first lingers in the kernel; the port must be free all the same."""
        with self.stage("29", language) as stage:
            first = stage.server()
            stage.client().finish()
            first.wait_for("connected")
            first.kill()
            second = stage.server(port=first.port)
            self.assertEqual(second.port, first.port)
            stage.client().finish()
            second.wait_for("connected")

    def test_29_restarts_at_once_on_the_same_port(self): self.check_restart(CPP)
    def test_29_in_python_restarts_at_once_on_the_same_port(self): self.check_restart(PYTHON)

    def check_survives_resets(self, language):
        with self.stage("30", language) as stage:
            server = stage.server()
            for turn in range(1, 11):
                visitor = stage.visitor()
                if turn % 2:
                    visitor.ask("hello")  # else it is reset before a word was said
                visitor.reset()
                server.wait_for("broke the connection", turn)
            client = stage.client()
            self.assertEqual(client.ask("anyone?"), "anyone? (received)")
            self.assertTrue(server.runs())

    def test_30_survives_resets(self): self.check_survives_resets(CPP)
    def test_30_in_python_survives_resets(self): self.check_survives_resets(PYTHON)

    def check_parallel(self, language):
        """While three are connected and silent, a fourth is served; then each of the three."""
        with self.stage("35", language) as stage:
            server = stage.server()
            silent = [stage.visitor() for _ in range(3)]
            server.wait_for("came to", 3)
            client = stage.client()
            self.assertEqual(client.ask("quick"), "quick (received)")
            client.finish()
            for visitor in reversed(silent):
                self.assertEqual(visitor.ask("at last"), "at last (received)")

    def test_35_serves_in_parallel(self): self.check_parallel(CPP)
    def test_35_in_python_serves_in_parallel(self): self.check_parallel(PYTHON)

    def check_one_at_a_time(self, language):
        with self.stage("37", language) as stage:
            server = stage.server()
            slow, quick = stage.visitor(), stage.visitor()
            server.wait_for("asked by")
            quick.type("quick\r\n")
            self.assertTrue(quick.hears_nothing())
            self.assertEqual(slow.ask("slow\r\n"), "SLOW\r\n")
            self.assertEqual(quick.listen(), "QUICK\r\n")

    def test_37_serves_one_at_a_time(self): self.check_one_at_a_time(CPP)
    def test_37_in_python_serves_one_at_a_time(self): self.check_one_at_a_time(PYTHON)


if __name__ == "__main__":
    unittest.main()
