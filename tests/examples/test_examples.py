# SPDX-License-Identifier: BSL-1.0
"""Each example and its Python counterpart, played by one script: in C++, in Python, and crossed, they say the same."""

import os
import re
import sys
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build" / "cells" / "gcc")
sys.path.insert(0, str(SOURCE / "tests" / "support" / "python"))

from example_pairs import CPP, PYTHON, Play, SCENARIOS, find, masked, play  # noqa: E402


class ExampleTest(unittest.TestCase):
    maxDiff = None

    def check_same(self, number):
        """C++ with itself says what Python says with itself."""
        scenario = find(number)
        self.assertEqual(masked(play(scenario, CPP, CPP, BUILD)), masked(play(scenario, PYTHON, PYTHON, BUILD)))

    def check_crossed(self, number):
        """Neither side can tell in which language the other was written."""
        scenario = find(number)
        expected = masked(play(scenario, PYTHON, PYTHON, BUILD))
        self.assertEqual(masked(play(scenario, CPP, PYTHON, BUILD)), expected)
        self.assertEqual(masked(play(scenario, PYTHON, CPP, BUILD)), expected)

    def stage(self, number, language):
        return Play(find(number).example, language, language, BUILD)


class SameTranscript(ExampleTest):
    def test_22_accept_loop(self): self.check_same("22")
    def test_25_half_close(self): self.check_same("25")
    def test_28_two_terminals(self): self.check_same("28")
    def test_29_smallest_pair(self): self.check_same("29")
    def test_30_iterative_echo(self): self.check_same("30")
    def test_31_timestamp_tcp(self): self.check_same("31")
    def test_32_timestamp_udp(self): self.check_same("32")
    def test_33_select_server(self): self.check_same("33")
    def test_35_threaded_server(self): self.check_same("35")
    def test_37_line_handler(self): self.check_same("37")


class Crossed(ExampleTest):
    def test_22_accept_loop(self): self.check_crossed("22")
    def test_25_half_close(self): self.check_crossed("25")
    def test_28_two_terminals(self): self.check_crossed("28")
    def test_29_smallest_pair(self): self.check_crossed("29")
    def test_30_iterative_echo(self): self.check_crossed("30")
    def test_31_timestamp_tcp(self): self.check_crossed("31")
    def test_32_timestamp_udp(self): self.check_crossed("32")
    def test_33_select_server(self): self.check_crossed("33")
    def test_35_threaded_server(self): self.check_crossed("35")
    def test_37_line_handler(self): self.check_crossed("37")


class Behaviour(ExampleTest):
    def test_every_example_is_played_here(self):
        folders = sorted(folder.name for folder in (SOURCE / "examples").iterdir() if folder.is_dir())
        self.assertEqual(folders, sorted(scenario.example for scenario in SCENARIOS))
        for tests in (SameTranscript, Crossed):
            methods = sorted(name for name in vars(tests) if name.startswith("test_"))
            self.assertEqual(methods, ["test_" + name for name in folders])

    def check_no_busy_loop(self, number, language):
        with self.stage(number, language) as stage:
            server = stage.server()
            if number == "33":
                stage.visitor().ask("a client that stays")
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
