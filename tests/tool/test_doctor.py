# SPDX-License-Identifier: BSL-1.0
"""`bight doctor`, and with it the tool's JSON."""

import json
import os
import platform
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest  # noqa: E402


class Doctor(BightTest):
    def report(self, **options):
        code, output, errors = self.run_bight("doctor", "--json", **options)
        self.assertEqual((code, errors, output.count(b"\n"), output[-1:]), (0, "", 1, b"\n"))
        return json.loads(output)

    def test_the_first_key_is_the_schema(self):
        self.assertEqual(next(iter(self.report().items())), ("schema", "bight.doctor/1"))

    def test_fields(self):
        report = self.report()
        self.assertEqual(list(report), ["schema", "version", "compiler", "kernel", "machine", "ipv6", "limits", "io_uring",
                                        "engine", "selectors", "environment"])
        self.assertEqual(report["kernel"], f"Linux {platform.release()}")
        self.assertEqual(report["machine"], platform.machine())
        self.assertIsInstance(report["ipv6"], bool)
        self.assertRegex(report["compiler"], r"^(g\+\+|.*[cC]lang) ?[0-9]*")
        self.assertEqual(report["selectors"], ["epoll", "poll", "select"])

    def test_limits(self):
        limits = self.report(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200)))["limits"]
        self.assertEqual((limits["nofile_soft"], limits["nofile_hard"]), (100, 200))
        memlock = [None if value == resource.RLIM_INFINITY else value for value in resource.getrlimit(resource.RLIMIT_MEMLOCK)]
        self.assertEqual([limits["memlock_soft"], limits["memlock_hard"]], memlock)
        self.assertEqual(limits["somaxconn"], int(Path("/proc/sys/net/core/somaxconn").read_text()))

    def test_io_uring(self):
        ring = self.report()["io_uring"]
        self.assertRegex(ring["status"], "^(available|refused: .+)$")
        setting = Path("/proc/sys/kernel/io_uring_disabled")
        self.assertEqual(ring["kernel.io_uring_disabled"], int(setting.read_text()) if setting.exists() else None)

    def test_the_engine_and_why(self):
        def engine(name):
            return self.report(env={**os.environ, "BIGHT_ENGINE": name})["engine"]

        self.assertEqual(engine("epoll"), {"name": "epoll", "reason": "BIGHT_ENGINE=epoll"})
        offered = self.report()["io_uring"]["status"] == "available"
        chosen = engine("auto")
        self.assertEqual(chosen["name"], "uring" if offered else "epoll")
        self.assertRegex(chosen["reason"], "^io_uring is (offered|refused: .+)$")
        self.assertEqual(engine("steam"), {"name": "none", "reason": "BIGHT_ENGINE=steam is no engine: auto, uring or epoll"})

    def test_any_text_comes_out_as_json(self):
        texts = ['plain', 'quote " and \\ backslash', "\t\n\r\x01\x1f\x7f", "é ü 漢 😀", "", "</script>"]
        raw = [text.encode() for text in texts] + [
            b"\xff", b"a\xc3", b"\xc3\x28", b"\xe2\x82", b"\xe2\x28\xa1", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf",
            b"\xf4\x90\x80\x80", b"\xf5\x80", b"\x80\x80", b"ok\xf0\x9fz", bytes(range(1, 256)), os.urandom(300).replace(b"\0", b"")]
        for data in raw:
            with self.subTest(data=data):
                report = self.report(env={**os.environb, b"BIGHT_ENGINE": data})
                self.assertEqual(report["environment"]["BIGHT_ENGINE"], data.decode("utf-8", "replace"))

    def test_what_is_not_set_is_null(self):
        environment = {name: value for name, value in os.environ.items() if name != "BIGHT_ENGINE"}
        self.assertIsNone(self.report(env=environment)["environment"]["BIGHT_ENGINE"])

    def test_text(self):
        code, output, errors = self.run_bight("doctor", env={**os.environ, "BIGHT_ENGINE": "\x1b[31mred"})
        self.assertEqual((code, errors), (0, ""))
        self.assertNotIn(b"\x1b", output)
        names = [line[:14].strip() for line in output.decode().splitlines()]
        self.assertEqual(names, ["bight", "kernel", "descriptors", "locked memory", "somaxconn", "io_uring", "engine", "ipv6",
                                 "selectors", "BIGHT_ENGINE", "NO_COLOR"])
