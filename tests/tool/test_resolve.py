# SPDX-License-Identifier: BSL-1.0
"""`bight resolve`, over names that every machine has."""

import json
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BightTest  # noqa: E402


class Resolve(BightTest):
    def answers(self, *arguments):
        code, output, errors = self.run_bight("resolve", *arguments)
        self.assertEqual((code, errors), (0, ""))
        return output.decode().splitlines()

    def refused(self, code, *arguments):
        got, output, errors = self.run_bight("resolve", *arguments)
        self.assertEqual((got, output), (code, b""))
        self.assertTrue(errors.startswith("bight: "), errors)
        return errors

    def test_a_name(self):
        self.assertEqual(self.answers("localhost", "-4"), ["1\tinet\t127.0.0.1\tloopback"])

    def test_the_order_is_the_resolvers(self):
        expected = [where[0] for *_, where in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)]
        self.assertEqual([line.split("\t")[2] for line in self.answers("localhost")], expected)
        self.assertEqual([line.split("\t")[0] for line in self.answers("localhost")],
                         [str(number + 1) for number in range(len(expected))])

    def test_a_service(self):
        self.assertEqual(self.answers("127.0.0.1", "https")[0], "1\tinet\ttcp:127.0.0.1:443\tloopback")
        self.assertEqual(self.answers("::1", "53"), ["1\tinet6\ttcp:[::1]:53\tloopback", "2\tinet6\tudp:[::1]:53\tloopback"])

    def test_scopes(self):
        for address, scope in [("0.0.0.0", "any"), ("::", "any"), ("::1", "loopback"), ("10.1.2.3", "private"),
                               ("169.254.1.1", "link"), ("fe80::1%lo", "link"), ("224.0.0.1", "multicast"),
                               ("8.8.8.8", "global"), ("2001:4860:4860::8888", "global"), ("fd00::1", "private")]:
            self.assertEqual(self.answers(address)[0].split("\t")[3], scope, address)

    def test_json(self):
        answer, = map(json.loads, self.answers("fe80::1%lo", "--json"))
        self.assertEqual(list(answer.items()), [("schema", "bight.resolve/1"), ("name", "fe80::1%lo"), ("order", 1),
                                                ("family", "inet6"), ("host", "fe80::1"), ("scope", "link"),
                                                ("interface", "lo"), ("canonical", answer["canonical"])])
        answer, *_ = map(json.loads, self.answers("127.0.0.1", "http", "--json"))
        self.assertEqual((answer["port"], answer["protocol"]), (80, "tcp"))

    def test_from_an_address_to_its_name(self):
        self.assertEqual(self.answers("127.0.0.1", "--reverse"), [socket.gethostbyaddr("127.0.0.1")[0]])
        answer, = map(json.loads, self.answers("127.0.0.1", "--reverse", "--json"))
        self.assertEqual((answer["schema"], answer["address"]), ("bight.resolve/1", "127.0.0.1"))

    def test_an_interface_by_any_number(self):
        for number in ("2147483647", "2147483648", "4294967295"):
            answer, = map(json.loads, self.answers("fe80::1%" + number, "--json"))
            self.assertEqual((answer["host"], answer["interface"]), ("fe80::1", number))

    def test_loose_addresses_are_refused(self):
        for address in ("0177.1", "127.1", "0x7f.1", "2130706433", "127.0.0.010"):
            self.assertIn(address, self.refused(2, address))
            self.refused(2, address, "--json")
            self.refused(2, address, "--reverse")

    def test_what_is_unknown_exits_with_6(self):
        self.assertIn("no-such-name.invalid", self.refused(6, "no-such-name.invalid"))
        self.refused(6, "localhost", "no-such-service")
        self.refused(6, "::1", "-4")
        self.refused(6, "localhost", "--reverse")  # no address
        self.refused(6, "local host")
        self.refused(6, "localhost\n")

    def test_what_cannot_be_meant_exits_with_2(self):
        self.refused(2)
        self.refused(2, "a" * 254)
        self.refused(2, "a" * 64 + ".invalid")
        self.refused(2, "127.0.0.1", "http", "--reverse")
