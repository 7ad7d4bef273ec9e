# SPDX-License-Identifier: BSL-1.0
"""bight ip --batch against CPython's ipaddress: every property of many texts, and hostile lines."""

import csv
import ipaddress
import json
import random
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, SOURCE, BightTest  # noqa: E402

LINES = 24_000
KINDS = {
    "address": ipaddress.ip_address,
    "network": ipaddress.ip_network,
    "network_loose": lambda text: ipaddress.ip_network(text, strict=False),
    "interface": ipaddress.ip_interface,
}
COMMON = "version exploded compressed max_prefixlen reverse_pointer is_private is_global is_loopback is_link_local " \
         "is_multicast is_reserved is_unspecified".split()
MASKS = "netmask hostmask with_prefixlen with_netmask with_hostmask".split()
NAMES = {
    "address": COMMON + ["packed"],
    "network": COMMON + MASKS + "network_address broadcast_address prefixlen num_addresses".split(),
    "interface": COMMON + MASKS + "packed ip network".split(),
}
SIX = ["is_site_local"]
INSIDE = "scope_id ipv4_mapped sixtofour teredo".split()


def batch(lines):
    done = subprocess.run([BIGHT, "ip", "--batch"], input=b"".join(line + b"\n" for line in lines), capture_output=True,
                          timeout=4 * DEADLINE)
    return done.returncode, [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]], done.stderr


class Differences:
    """The rows of docs/ipaddress-differences.tsv that name networks: what is asked about them may differ."""

    def __init__(self):
        text = (SOURCE / "docs" / "ipaddress-differences.tsv").read_text()
        rows = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.rows = []
        for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
            for question in row["question"].split():
                for where in re.findall(r"[0-9a-f:.]+/\d+", row["where"]):
                    self.rows.append((question.rpartition(".")[2], ipaddress.ip_network(where)))

    def allow(self, name, value):
        if "%" in str(value) and name in ("exploded", "reverse_pointer"):
            return True
        if name == "reverse_pointer" and value.version == 6 and not isinstance(value, ipaddress.IPv6Address):
            return True
        if name == "reverse_pointer" and hasattr(value, "network"):
            return True
        if name == "is_unspecified" and hasattr(value, "network"):
            return True
        network = value if hasattr(value, "network_address") else ipaddress.ip_network(int(value))
        if value.version != network.version:
            network = ipaddress.IPv6Network(int(value))
        return any(name == question and where.version == network.version and where.overlaps(network)
                   for question, where in self.rows)


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [str(each) for each in value]
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def expected(kind, value):
    names = NAMES["network" if kind.startswith("network") else kind]
    if value.version == 6:
        names = names + SIX + ([] if kind.startswith("network") else INSIDE)
    facts = {"canonical": plain(str(value))}
    for name in names:
        try:
            facts[name] = plain(getattr(value, name))
        except Exception as error:  # CPython trips over zones in two places
            facts[name] = error
    return facts


class Texts:
    """Valid texts of every form, and what a slip or an attacker makes of them."""

    ALPHABET = b"0123456789abcdefABCDEFxg:./%- +\t\0\xc2\xb2\xff"

    def __init__(self, seed):
        self.random = random.Random(seed)
        rows = [int(network.network_address) for _, network in Differences().rows]
        self.landmarks = [(row + step) % 2**128 for row in rows for step in (-1, 0, 1)] + [0, 2**32 - 1, 2**128 - 1]

    def four(self):
        value = self.random.choice([self.random.getrandbits(32), self.random.choice(self.landmarks) % 2**32])
        return str(ipaddress.IPv4Address(value))

    def six(self):
        pick = self.random
        value = pick.choice([pick.getrandbits(128), pick.choice(self.landmarks), 0xffff << 32 | pick.getrandbits(32),
                             0x2001 << 112 | pick.getrandbits(96), 0x2002 << 112 | pick.getrandbits(112),
                             sum(pick.getrandbits(16) << 16 * i for i in range(8) if pick.random() < 0.4)])
        address = ipaddress.IPv6Address(value)
        text = pick.choice([str(address), address.exploded, str(address).upper()])
        if pick.random() < 0.1:
            text = "::" + self.four()
        return text + pick.choice([""] * 8 + ["%eth0", "%1"])

    def text(self):
        pick = self.random
        six = pick.random() < 0.5
        text = self.six() if six else self.four()
        if pick.random() < 0.6:
            mask = pick.choice([str(pick.randrange(129 if six else 33)), "8", "32", "128", "255.255.0.0", "0.0.0.255", "08"])
            text += "/" + mask
        data = bytearray(text.encode())
        for _ in range(pick.choice([0, 0, 0, 1, 1, 2])):
            at = pick.randrange(len(data) + 1)
            change = pick.randrange(3)
            if change == 0:
                data[at:at + 1] = b""
            else:
                data[at:at + change - 1] = bytes([pick.choice(self.ALPHABET)])
        return bytes(data)

    def strict(self, text):
        """The network of an address, so that host bits are often right."""
        try:
            return str(ipaddress.ip_network(text.decode(), strict=False)).encode()
        except ValueError:
            return text


class Batch(BightTest):
    def compare(self, kind, data, answer, differences):
        text = data.decode("utf-8", "surrogateescape")
        try:
            value = KINDS[kind](text)
        except ValueError:
            self.assertFalse(answer["ok"], (kind, data, answer))
            self.assertTrue(answer["error"])
            return False
        zone = text.partition("%")[2].partition("/")[0]
        if "\0" in zone or len(zone.encode("utf-8", "surrogateescape")) > 15:
            return False
        self.assertTrue(answer["ok"], (kind, data, answer))
        for name, fact in expected(kind, value).items():
            if answer[name] != fact and not differences.allow(name, value):
                self.fail(f"{kind} {data!r}: {name} is {answer[name]!r}, in CPython {fact!r}")
        return True

    def test_every_property_of_many_texts(self):
        differences, texts = Differences(), Texts(311)
        questions = []
        for _ in range(LINES):
            kind = texts.random.choice(list(KINDS))
            text = texts.text()
            questions.append((kind, texts.strict(text) if kind == "network" and texts.random.random() < 0.7 else text))
        code, answers, errors = batch([kind.encode() + b"\t" + text for kind, text in questions])
        self.assertEqual((code, len(answers), errors), (0, LINES, b""))
        good = sum(self.compare(kind, text, answer, differences) for (kind, text), answer in zip(questions, answers))
        print(f"{LINES} lines, {good} of them valid")
        self.assertGreater(good, LINES // 4)

    test_every_property_of_many_texts.timeout = 180

    def test_shape_of_an_answer(self):
        _, answers, _ = batch([b"address\t10.0.0.1", b"network\t10.0.0.1/8", b"interface\tfe80::1%eth0/64"])
        self.assertEqual(list(answers[0])[:4], ["ok", "version", "canonical", "exploded"])
        self.assertEqual((answers[0]["ok"], answers[0]["version"], answers[0]["canonical"]), (True, 4, "10.0.0.1"))
        self.assertEqual(answers[1], {"ok": False, "error": "10.0.0.1/8 has host bits set"})
        self.assertEqual((answers[2]["scope_id"], answers[2]["ip"]), ("eth0", "fe80::1"))

    def test_hostile_lines_get_their_answers_in_order(self):
        long = b"1" * (1 << 20)
        lines = [b"", b"\t", b"address", b"address\t", b"ADDRESS\t::1", b"address\t::1", b"address\t" + long,
                 b"address\t::1", long, b"address\t\0", b"address\t::1\0", b"address\t\xff\xfe", b"address\t::1\r",
                 b"address\t::1\t", b"address\t" + b":" * 60000, b"network\t10.0.0.0/" + b"0" * 50000 + b"8", b"address\t::1"]
        code, answers, errors = batch(lines)
        self.assertEqual((code, errors, len(answers)), (0, b"", len(lines)))
        self.assertEqual([i for i, answer in enumerate(answers) if answer["ok"]], [5, 7, 15, 16])
        self.assertTrue(all(answer["error"] for answer in answers if not answer["ok"]))

    def test_a_last_line_needs_no_newline(self):
        done = subprocess.run([BIGHT, "ip", "--batch"], input=b"address\t::1", capture_output=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stdout.count(b"\n")), (0, 1))
        done = subprocess.run([BIGHT, "ip", "--batch"], input=b"", capture_output=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stdout), (0, b""))

    def test_each_answer_comes_before_the_next_question(self):
        with subprocess.Popen([BIGHT, "ip", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tool:
            for text in ("10.0.0.1", "nonsense", "::1"):
                tool.stdin.write(f"address\t{text}\n".encode())
                tool.stdin.flush()
                self.assertEqual(json.loads(tool.stdout.readline())["ok"], text != "nonsense")
            tool.stdin.close()
            self.assertEqual(tool.wait(DEADLINE), 0)

    def test_a_gigantic_line_takes_little_memory(self):
        limited = ["bash", "-c", f"ulimit -v 400000; head -c 500000000 /dev/zero | '{BIGHT}' ip --batch"]
        if b"__asan_init" in Path(BIGHT).read_bytes() or b"__tsan_init" in Path(BIGHT).read_bytes():
            self.skipTest("a sanitizer takes more address space than the test allows")
        done = subprocess.run(limited, capture_output=True, timeout=2 * DEADLINE)
        self.assertEqual((done.returncode, json.loads(done.stdout)["ok"]), (0, False))
