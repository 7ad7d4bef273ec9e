# SPDX-License-Identifier: BSL-1.0
"""Bugs planted in the loop and under it, each of which the simulation must see: else its seeds would prove nothing.

A source is compiled again, as the build compiles it, with one place changed, and linked with the scenarios before the
library.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
sys.path.insert(0, str(SOURCE / "tests" / "support" / "python"))

from planting import BUILD, compile_changed  # noqa: E402

OBJECTS = BUILD / "tests" / "deep" / "CMakeFiles" / "scenarios.dir"
TASKS, SERVER, SIM = "src/asyncio/task_state.cpp", "src/asyncio/server.cpp", "src/engine/sim/"
SYNC, WAITS = "src/asyncio/sync.cpp", "src/asyncio/wait_list.cpp"

# What it is called, the source, what is replaced there by what, the tests that are to see it.
BUGS = [
    ("a_cancelled_sleep_is_not_woken", "src/asyncio/timeouts.cpp",
     "    sleeping.was_cancelled_ = true;\n    loop.ready.push(sleeping);", "    sleeping.was_cancelled_ = true;", "Cancel.*"),
    ("a_timer_is_early", "src/asyncio/timeouts.cpp", "now + delay_ : engine", "now + delay_ - Duration(1) : engine",
     "Others.timers"),
    ("a_slot_of_the_wheel_is_due_as_a_whole", "src/engine/timer_wheel.cpp", "bool has_come = timer.when <= now;",
     "bool has_come = true;", "Others.timers"),
    ("timers_of_a_turn_are_in_no_order", "src/engine/timer_wheel.cpp", "    sort(due);\n", "", "Others.timers"),
    ("a_cancelled_child_is_forgotten", "src/asyncio/task_group.cpp",
     "    if (size() == 0 && joining_)", "    if (task.outcome != detail::TaskState::Outcome::cancelled && size() == 0 && joining_)",
     "Cancel.*"),
    ("a_waiter_of_a_task_stays_linked", TASKS, "        *link = waiter.next_waiter;\n        break;", "        break;",
     "Cancel.*"),
    ("a_shield_lets_cancellations_in", TASKS, "        if (cancelled || scope->kind_ == CancelScope::Kind::shield) break;",
     "        if (cancelled) break;", "Cancel.*"),
    ("a_task_that_was_cancelled_is_not_any_more", TASKS, "    if (!scope) cancelled = task.cancel_requested;\n", "",
     "Cancel.*"),
    ("a_cancelled_read_loses_what_came", "src/asyncio/stream.cpp",
     "        if (result > 0) channel->append_unread(channel->take(*this));",
     "        if (result > 0 && !cancelled) channel->append_unread(channel->take(*this));", "Others.framing:Contracts.*"),
    ("readexactly_takes_one_too_many", "src/asyncio/stream.cpp",
     "    if (size > 0) channel.consume(size);", "    if (size > 0) channel.consume(size < channel.unread().size() ? size + 1 : size);",
     "Others.framing:Contracts.*"),
    ("a_separator_on_the_seam_is_missed", "src/asyncio/stream.cpp",
     "searched = seen.size() - separator.size() + 1;", "searched = seen.size();", "Others.framing:Contracts.*"),
    ("close_does_not_linger", "src/asyncio/stream.cpp", "!closing->has_input() || linger", "true || linger", "Contracts.*"),
    ("a_stop_accepts_nothing_more", SERVER, "if (!server.listeners.empty()) co_await accept_pending(server);", "",
     "Streams.drain_under_load"),
    ("a_refused_connection_is_not_counted", SERVER, "    ++tally.refused;\n    if (place", "    if (place",
     "Streams.limits"),
    ("an_acceptor_outlives_its_listener", SERVER, "    state_->acceptors.cancel_all();  // they may not have begun, or pause\n", "",
     "Cancel.*"),
    ("a_winner_of_a_race_is_leaked", "src/asyncio/connect.cpp",
     "        if (!race->winner) race->winner.emplace(std::move(stream));",
     "        if (!race->winner) race->winner.emplace(std::move(stream));\n        else new Stream(std::move(stream));",
     "Others.racing_connects:Cancel.*"),
    ("losers_of_a_race_go_on", "src/asyncio/connect.cpp", "    attempts.cancel();\n", "", "Others.racing_connects"),
    ("a_short_write_drops_a_byte", SIM + "stream.cpp", "    operation.transferred += size;",
     "    operation.transferred += size + (size < rest.size() ? 1 : 0);", "Streams.*"),
    ("an_end_overtakes_the_data", SIM + "stream.cpp", "    if (there == 0) {\n", "    if (there == 0 || endpoint_->has_end()) {\n",
     "Streams.half_closes"),
    ("an_operation_completes_twice", SIM + "channel.cpp", "    if (!operation || operation->queued || !has_chance(*operation)) return;",
     "    if (!operation || !has_chance(*operation)) return;", "Streams.*"),
    ("room_that_was_made_is_not_told", SIM + "endpoint.cpp", "    used_ -= std::min(size, used_);\n    tell();",
     "    used_ -= std::min(size, used_);", "Streams.back_pressure"),
    ("what_a_cancelled_waiter_was_given_is_lost", WAITS, "return before == State::woken;", "return false;", "Sync.*"),
    ("what_a_cancelled_waiter_was_not_given_is_given_back", WAITS, "return before == State::woken;", "return true;",
     "Sync.*"),
    ("a_list_counts_who_has_left_it", WAITS, "    --size_;\n", "", "Sync.barriers"),
    ("a_notification_of_who_gave_up_is_lost", SYNC, "return wait.condition->wake(1);", "return;", "Sync.notifications"),
    ("who_gave_up_waiting_for_a_condition_stays_listed", SYNC, "    wait.condition->waiters_.remove(wait);\n", "", "Sync.*"),
    ("waiting_for_a_condition_keeps_the_lock", SYNC, "    condition->lock_->give_back();\n", "", "Sync.conditions"),
    ("who_is_notified_goes_on_without_the_lock", SYNC, "    if (take())\n", "    if (take() || true)\n",
     "Sync.conditions:Sync.notifications"),
    ("places_at_a_barrier_are_not_numbered_anew", SYNC, "        wait.index = index;", "", "Sync.numbers*"),
    ("a_dropped_channel_keeps_its_place", SIM + "channel.cpp", "    engine_.leave_place();\n", "", "Cancel.*"),
]


class PlantedBugs(unittest.TestCase):
    timeout = 300

    def run_with(self, source, before, after, sees):
        """The scenarios with a source compiled anew."""
        with tempfile.TemporaryDirectory() as folder:
            compiler, built = compile_changed(BUILD, folder, source, before, after)
            program = Path(folder, "scenarios")
            subprocess.run([compiler, built, *sorted(OBJECTS.rglob("*.o")), BUILD / "libbight.a", "-lgtest", "-lgtest_main",
                            "-lpthread", "-Wl,--allow-multiple-definition", "-o", program], check=True)
            try:
                return subprocess.run([program, f"--gtest_filter={sees}", "--gtest_fail_fast"], cwd=SOURCE, timeout=100,
                                      env=dict(os.environ, BIGHT_SEEDS="1000"), capture_output=True, text=True).returncode
            except subprocess.TimeoutExpired:
                return "hangs"

    def test_without_a_bug_nobody_complains(self):
        for source, before, sees in [(BUGS[0][1], BUGS[0][2], "Cancel.*"), (SIM + "stream.cpp", BUGS[17][2], "Contracts.*")]:
            with self.subTest(source=source):
                self.assertEqual(self.run_with(source, before, before, sees), 0)

    def check(self, source, before, after, sees):
        ended = self.run_with(source, before, after, sees)
        print("ended with", ended)
        self.assertNotEqual(ended, 0, "nobody saw it")


def make_case(*bug):
    return lambda self: self.check(*bug)


for name, *bug in BUGS:
    setattr(PlantedBugs, "test_" + name, make_case(*bug))


if __name__ == "__main__":
    unittest.main()
