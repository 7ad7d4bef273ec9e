# SPDX-License-Identifier: BSL-1.0
"""A thousand clients that send slowly or do not read: bounded memory and descriptors, and others are served (B115). With
more of them in tests/deep."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest, in_every_style  # noqa: E402
from slow_clients import check_slow_readers, check_slow_senders  # noqa: E402

class Slow(BightTest):
    timeout = 180

    @in_every_style("time", "tcp:0", "--first-message", "4s", styles=["thread", "selectors", "async"])
    def test_a_thousand_slow_senders(self, server):
        print(check_slow_senders(self, server, 1000, deadline=4))

    @in_every_style("time", "tcp:0", "--first-message", "2s", "--threads", "64", styles=["pool"])
    def test_five_hundred_slow_senders_share_some_threads(self, server):
        print(check_slow_senders(self, server, 500, deadline=2))

    @in_every_style("echo", "tcp:0", styles=["thread", "selectors", "async"])
    def test_a_thousand_slow_readers(self, server):
        print(check_slow_readers(self, server, 1000))
