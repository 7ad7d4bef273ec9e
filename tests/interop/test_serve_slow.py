# SPDX-License-Identifier: BSL-1.0
"""A thousand clients that send slowly or do not read: bounded memory and descriptors, and others are served (B115). With
more of them in tests/deep."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import SOURCE, BightTest, has_sanitizer, in_every_style  # noqa: E402
from slow_clients import check_slow_readers, check_slow_senders, need_descriptors  # noqa: E402


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


class FixedMemory(BightTest):
    """Ten thousand live connections that send and never read. What is counted is the memory of the process; the kernel's
    buffers are not, and are kept small, so that the answers wait in the server."""

    timeout = 600
    most_data = 768 << 20  # of virtual memory, which the kernel holds it to: 64 KiB for each, and what else there is
    most_resident = 320 << 20

    def crowds(self, engine, count, most_data):
        alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        if self.start(*alone, "ip", "link", "set", "lo", "up").finish()[0] != 0:
            self.skipTest("no network of its own here")
        script = """
import json, subprocess, sys
sys.path.insert(0, sys.argv[1])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
from slow_clients import crowds_that_do_not_read
print(json.dumps(crowds_that_do_not_read(sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4]))))
"""
        player = self.start(*alone, sys.executable, "-c", script, SOURCE / "tests" / "support" / "python", engine, count,
                            json.dumps(most_data))
        output = player.read_until(lambda text: text.endswith(b"\n"), limit=250)
        self.assertEqual(player.wait(), 0, player.stderr())
        return json.loads(output)

    def engines(self):
        _, output, _ = self.run_bight("doctor", "--json")
        return ["uring", "epoll"] if json.loads(output)["engine"]["name"] == "uring" else ["epoll"]

    def test_ten_thousand_that_never_read(self):
        self.need("unshare")
        self.need("ip")
        if not os.access("/proc/sys/net/ipv4/tcp_wmem", os.W_OK):
            self.skipTest("the sizes of the kernel's buffers cannot be set here")
        count = 2000 if has_sanitizer() else 10_000
        need_descriptors(self, count)
        for engine in self.engines():
            with self.subTest(engine=engine):
                first, second, end = self.crowds(engine, count, None if has_sanitizer() else self.most_data)
                for crowd in (first, second):
                    self.assertGreater(crowd["descriptors"], count)
                    self.assertGreater(crowd["sent"], count * (32 << 10))
                    self.assertLess(crowd["worst"], 10)
                    self.assertLess(crowd["threads"], 10)
                    self.assertLess(crowd["left"], 100)
                if not has_sanitizer():
                    self.assertLess(first["grown"], self.most_resident)
                    self.assertLess(second["grown"], self.most_resident)
                    # Mostly 1.02 to 1.06 of it, once 1.16; if nothing were given back, it would be twice as much.
                    self.assertLess(second["grown"], 1.5 * first["grown"])
                self.assertEqual(end["code"], 0, end["said"])
                print(f"{engine}: {first['grown'] / count / 1024:.1f} KiB for each of {count}, in the second crowd "
                      f"{second['grown'] / count / 1024:.1f}; round trip {first['median'] * 1e3:.1f} ms, at worst "
                      f"{max(first['worst'], second['worst']) * 1e3:.1f} ms")
