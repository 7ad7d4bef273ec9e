# SPDX-License-Identifier: BSL-1.0
"""Fifty restarts under load, and not one of 100,000 requests is lost: by hand-over, and on an inherited listener."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest  # noqa: E402
from restarting import by_handover, by_inherited_listener, restart_under_load  # noqa: E402


class Restarts(BightTest):
    timeout = 900

    def check(self, begin, style):
        started = time.monotonic()
        count = restart_under_load(self, begin, style, restarts=50, requests=100_000)
        print(f"{begin.__name__}, {style}: {count} requests, none lost, {count / (time.monotonic() - started):.0f} a second")

    def test_by_hand_over(self):
        self.check(by_handover, "selectors")

    def test_by_hand_over_in_threads(self):
        self.check(by_handover, "pool")

    def test_by_an_inherited_listener(self):
        self.check(by_inherited_listener, "selectors")
