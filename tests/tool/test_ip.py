# SPDX-License-Identifier: BSL-1.0
"""bight ip: its subcommands against CPython's ipaddress, aggregate and python3-radix."""

import ipaddress
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, BightTest  # noqa: E402

SUBCOMMANDS = "info contains collapse subtract split range list lookup grep reverse".split()


def ip(*arguments, stdin=b""):
    done = subprocess.run([BIGHT, "ip", *map(str, arguments)], input=stdin, capture_output=True, timeout=2 * DEADLINE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def random_networks(seed, count, six=True):
    pick = random.Random(seed)
    networks = []
    for _ in range(count):
        if six and pick.random() < 0.3:
            networks.append(ipaddress.IPv6Network((0x20010db8 << 96 | pick.getrandbits(20) << 76, pick.randrange(40, 60)), False))
        else:
            networks.append(ipaddress.IPv4Network((10 << 24 | pick.getrandbits(20), pick.randrange(12, 33)), False))
    return networks


def collapsed(networks):
    return [str(each) for version in (4, 6)
            for each in ipaddress.collapse_addresses(one for one in networks if one.version == version)]


class Subcommands(BightTest):
    def test_help_begins_with_examples(self):
        for name in SUBCOMMANDS:
            code, output, errors = ip(name, "--help")
            self.assertEqual((code, errors), (0, ""))
            self.assertLess(output.index(f"bight ip {name} "), output.index("\nUsage: "))
            self.assertLessEqual(max(map(len, output.splitlines())), 100)

    def test_usage_errors_are_one_line_and_2(self):
        for arguments in ([], ["nonsense"], ["--batch", "info"], ["info", "nonsense"], ["info", "10.0.0.256"],
                          ["contains"], ["contains", "10.0.0.1/8", "::1"], ["split", "10.0.0.0/8"],
                          ["split", "10.0.0.0/8", "7"], ["split", "10.0.0.0/8", "x"], ["range", "10.0.0.2-10.0.0.1"],
                          ["range", "10.0.0.1-::1"], ["list", "nonsense"], ["lookup"], ["lookup", "/nonsense", "::1"],
                          ["grep"], ["grep", "nonsense"], ["grep", "10.0.0.1/8"], ["grep", "10.0.0.0/8", "/nonsense"],
                          ["subtract"], ["collapse", "/nonsense"], ["reverse", "nonsense"], ["list", "::1", "--limit", "x"]):
            with self.subTest(arguments=arguments):
                code, output, errors = ip(*arguments)
                self.assertEqual((code, output, errors.count("\n")), (2, "", 1), errors)
                self.assertTrue(errors.startswith("bight: "), errors)

    def test_info(self):
        code, output, _ = ip("info", "10.1.2.3")
        self.assertEqual(code, 0)
        self.assertRegex(output, r"(?m)^registry +10\.0\.0\.0/8, Private-Use \(RFC 1918")
        code, output, _ = ip("info", "--json", "10.1.2.3", "10.0.0.0/8", "10.1.2.3/8", "8.8.8.8", stdin=b"")
        facts = [json.loads(line) for line in output.splitlines()]
        self.assertEqual([next(iter(each)) for each in facts], ["schema"] * 4)
        self.assertEqual([each["kind"] for each in facts], ["address", "network", "interface", "address"])
        self.assertEqual(facts[1]["registry"]["rfc"], "RFC 1918")
        self.assertIsNone(facts[3]["registry"])

    def test_info_names_the_row_of_a_block_that_begins_with_a_smaller_one(self):
        for network, row in (("0.0.0.0/8", "0.0.0.0/8"), ("192.0.0.0/24", "192.0.0.0/24"), ("2001::/23", "2001::/23"),
                             ("192.0.0.0/29", "192.0.0.0/29"), ("192.0.0.0/28", "192.0.0.0/24"), ("10.1.0.0/16", "10.0.0.0/8"),
                             ("10.1.0.1/16", "10.0.0.0/8"), ("0.0.0.0/7", None), ("9.0.0.0/8", None)):
            with self.subTest(network=network):
                registry = json.loads(ip("info", "--json", network)[1])["registry"]
                self.assertEqual(registry and registry["network"], row)
                self.assertEqual("registry " in ip("info", network)[1], row is not None)

    def test_contains(self):
        self.assertEqual(ip("contains", "10.0.0.0/8,::1", "10.1.2.3", "::1", "10.0.0.0/9")[0], 0)
        code, output, _ = ip("contains", "10.0.0.0/8", "10.1.2.3", "9.9.9.9-10.0.0.1")
        self.assertEqual((code, output), (1, "10.1.2.3\tyes\n9.9.9.9-10.0.0.1\tno\n"))
        code, output, _ = ip("contains", "--json", "10.0.0.0/8", stdin=b"10.1.2.3\n::1\n")
        self.assertEqual([json.loads(line)["contained"] for line in output.splitlines()], [True, False])

    def test_collapse_and_subtract_agree_with_cpython(self):
        for seed in range(8):
            networks, taken = random_networks(seed, 300), random_networks(seed + 100, 10)
            text = "# these\n" + "\n".join(map(str, networks)) + "  # the last\n\n"
            code, output, errors = ip("collapse", stdin=text.encode())
            self.assertEqual((code, output.split(), errors), (0, collapsed(networks), ""))
            left = networks
            for one in taken:
                left = [part for each in left for part in self.without(each, one)]
            code, output, errors = ip("subtract", *taken, stdin=text.encode())
            self.assertEqual((code, output.split(), errors), (0, collapsed(left), ""))

    @staticmethod
    def without(network, taken):
        if network.version != taken.version or not network.overlaps(taken):
            return [network]
        return [] if network.subnet_of(taken) else list(network.address_exclude(taken))

    def test_collapse_agrees_with_aggregate(self):
        if not shutil.which("aggregate"):
            self.skipTest("the program aggregate is not installed")
        text = "\n".join(map(str, random_networks(5, 2000, six=False))) + "\n"
        theirs = subprocess.run(["aggregate", "-q"], input=text.encode(), capture_output=True, timeout=DEADLINE)
        self.assertEqual(ip("collapse", stdin=text.encode())[1], theirs.stdout.decode())

    def test_collapse_stops_at_a_bad_line_and_names_it(self):
        code, output, errors = ip("collapse", stdin=b"10.0.0.0/8\n10.0.0.1/8\n")
        self.assertEqual((code, output), (2, ""))
        self.assertIn("standard input:2: ", errors)
        self.assertEqual(ip("collapse", "--loose", stdin=b"10.0.0.1/8\n")[1], "10.0.0.0/8\n")
        for bad in (b"\0\n", b"\xff\n", b"1" * (1 << 20) + b"\n", b"10.0.0.0/8,\n", b"10.0.0.1-\n"):
            self.assertEqual(ip("collapse", stdin=bad)[0], 2)

    def test_split_range_list_and_reverse(self):
        self.assertEqual(ip("split", "10.0.0.0/8", "10")[1].split(),
                         [str(each) for each in ipaddress.ip_network("10.0.0.0/8").subnets(new_prefix=10)])
        self.assertEqual(ip("split", "::/0", "/128", "--limit", "2")[1], "::/128\n::1/128\n")
        first, last = ipaddress.ip_address("10.0.0.3"), ipaddress.ip_address("10.0.1.7")
        expected = [str(each) for each in ipaddress.summarize_address_range(first, last)]
        self.assertEqual(ip("range", first, last)[1].split(), expected)
        self.assertEqual(ip("range", f"{first}-{last}")[1].split(), expected)
        self.assertEqual(ip("list", "--hosts", "192.0.2.0/29")[1].split(),
                         [str(each) for each in ipaddress.ip_network("192.0.2.0/29").hosts()])
        self.assertEqual(ip("list", "192.0.2.254-192.0.3.1")[1].split(),
                         ["192.0.2.254", "192.0.2.255", "192.0.3.0", "192.0.3.1"])
        self.assertEqual(ip("reverse", "192.0.2.1")[1], ipaddress.ip_address("192.0.2.1").reverse_pointer + "\n")

    def test_json_everywhere_is_one_object_a_line(self):
        for arguments in (["collapse"], ["subtract", "10.0.0.0/9"], ["range"], ["list", "10.0.0.0/30"], ["reverse", "::1"],
                          ["split", "10.0.0.0/8", "9"], ["grep", "10.0.0.0/8"], ["grep", "-c", "10.0.0.0/8"]):
            code, output, errors = ip(*arguments, "--json", stdin=b"10.0.0.0/8\n")
            self.assertEqual((code, errors), (0, ""), arguments)
            for line in output.splitlines():
                self.assertEqual(next(iter(json.loads(line).items())), ("schema", "bight.ip/1"))

    def test_lookup_agrees_with_python3_radix(self):
        try:
            import radix
        except ImportError:
            self.skipTest("the Debian package python3-radix is not installed")
        networks, tree = random_networks(9, 6000), radix.Radix()
        for i, network in enumerate(networks):
            tree.add(str(network)).data["value"] = str(i)
        pick = random.Random(10)
        addresses = [str(each[pick.randrange(min(each.num_addresses, 2**60))]) for each in pick.choices(networks, k=3000)]
        addresses += [str(ipaddress.IPv4Address(10 << 24 | pick.getrandbits(21))) for _ in range(3000)]
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("".join(f"{network} {i}\n" for i, network in enumerate(networks)))
            file.flush()
            code, output, errors = ip("lookup", file.name, stdin="\n".join(addresses).encode())
        self.assertEqual((code in (0, 1), errors), (True, ""))
        for address, line in zip(addresses, output.splitlines(), strict=True):
            best = tree.search_best(address)
            self.assertEqual(line, f"{address}\t{best.prefix}\t{best.data['value']}" if best else f"{address}\t-")

    def test_lookup_says_what_it_did_not_find(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# routes\n10.0.0.0/8 the ten\n10.1.0.0/16\n")
            file.flush()
            self.assertEqual(ip("lookup", file.name, "10.2.0.0", "10.1.0.0"),
                             (0, "10.2.0.0\t10.0.0.0/8\tthe ten\n10.1.0.0\t10.1.0.0/16\t\n", ""))
            self.assertEqual(ip("lookup", file.name, "::1")[:2], (1, "::1\t-\n"))
