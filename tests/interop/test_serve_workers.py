# SPDX-License-Identifier: BSL-1.0
"""`bight serve --style async --workers N`: loops that take from the same listeners."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest, exchange  # noqa: E402

SHARES = re.compile(r"^bight: accepted by each worker:((?: \d+)+)$", re.MULTILINE)


class Workers(BightTest):
    def shares_after(self, clients, *arguments):
        server = self.serve("echo", "--listen", "tcp:0", "--style", "async", *arguments)
        for _ in range(clients):
            with server.connect() as connection:
                self.assertEqual(exchange(connection, b"x"), b"x")
        self.assertEqual(server.stop(), 0)
        self.assertIn(f"{clients} connections, {clients} bytes in, {clients} bytes out\n", server.stderr())
        return [[int(share) for share in line.split()] for line in SHARES.findall(server.stderr())]

    def test_how_many_each_has_accepted_is_said_at_the_end(self):
        for limits in ([], ["--no-limits"]):
            with self.subTest(limits=limits):
                (shares,) = self.shares_after(7, "--workers", "3", *limits)
                self.assertEqual((len(shares), sum(shares)), (3, 7))

    def test_one_alone_has_nothing_to_compare(self):
        self.assertEqual(self.shares_after(2), [])
