# SPDX-License-Identifier: BSL-1.0
"""Addresses of all families: the stand-in beside CPython's own _socket, on the same descriptors.

Runs in processes of its own, for here both modules are loaded at once.
"""

import importlib
import os
import socket
import sys
import unittest
from pathlib import Path

BUILD = Path(os.environ.get("BIGHT_BUILD") or Path(__file__).resolve().parents[2] / "build")

NUMBERS = [(), (1,), (1, 2), (-1, 2), (2**32, 2), ("lo", 2), (1, 2, 3), 5, "x", b"x", [1, 2]]
PACKETS = [("lo",), ("lo", 3), ("lo", 99999), ("lo", -1), ("lo", 3, 1, 1), ("lo", 3, 1, 1, b"12345678"),
           ("lo", 3, 1, 1, b"123456789"), ("lo", 99999, 1, 1, b"123456789"), ("lo", 3, 1, 1, "text"), ("nosuch0", 3),
           ("nosuch0", 99999), ("", 3), (1, 3), ("lo", "3"), ("l\0o", 3), ("lo", 1, 2, 3, b"", 5), "lo", None]
CAN = [("lo",), ("",), ("nosuch0",), ("x" * 15,), ("x" * 16,), (1,), (), ("lo", 1), "lo", (b"lo",), ("l\0o",)]
ISOTP = [("lo", 1, 2), ("lo", 1), ("lo", "1", 2), ("x" * 16, 1, 2), ("nosuch0", 1, 2), ("lo", -1, 2), ("", 1, 2)]
J1939 = [("lo", 1, 2, 3), ("lo", 2**64 - 1, 2**18, 255), ("lo", 1, 2, 256), ("lo", 1, 2, -1), ("lo", 1, 2), ("lo", "1", 2, 3)]
TIPC = [(1, 2, 3, 4), (2, 2, 3, 4, 5), (3, 1, 2, 3), (4, 1, 2, 3), (0, 1, 2, 3), (1, 2, 3), ("1", 2, 3, 4), 5,
        (1, 2, 3, 4, 5, 6), (2, -1, 2, 3)]
ALG = [("hash", "sha1"), ("hash", "sha1", 1, 2), ("t" * 13, "n"), ("t" * 14, "n"), ("t", "n" * 63), ("t", "n" * 64),
       ("t" * 14, "n" * 64), ("t",), ("t", 1), ("t", "n", -1), ("t", "n", 1, 2, 3), "t", ("t\0", "n")]
BLUETOOTH = [("01:23:45:67:89:AB", 3), ("1:2:3:4:5:6", 3), ("01:23:45:67:89:100", 3), ("01:23:45:67:89", 3),
             ("01:23:45:67:89:AB:", 3), ("text", 3), ("01:23:45:67:89:AB",), ("01:23:45:67:89:AB", "3"), (3,), (), 3,
             b"01:23:45:67:89:AB", b"text", "01:23:45:67:89:AB", (1, 2)]
INET = [(), ("127.0.0.1",), ("127.0.0.1", 65536), ("127.0.0.1", -1), (1, 2), ("127.0.0.1", "2"), ("127.0.0.1", 1, 2), 5]
INET6 = [(), ("::1",), ("::1", 65536), ("::1", 1, -1), ("::1", 1, 2**20), ("::1", 1, 2, 3, 4), ("::1", 1, "2"), "x"]

CASES = {
    "AF_NETLINK": (0, NUMBERS), "AF_VSOCK": (0, NUMBERS), "AF_QIPCRTR": (0, NUMBERS), "AF_PACKET": (0, PACKETS),
    "AF_TIPC": (0, TIPC), "AF_ALG": (0, ALG), "AF_INET": (0, INET), "AF_RDS": (0, INET), "AF_INET6": (0, INET6),
}
WITH_PROTOCOLS = {
    "AF_CAN": {1: CAN, 2: CAN, 6: ISOTP, 7: J1939, 99: CAN},
    "AF_BLUETOOTH": {0: BLUETOOTH, 1: BLUETOOTH, 2: BLUETOOTH, 3: BLUETOOTH, 9: BLUETOOTH},
}


def outcome(function, *arguments, **keywords):
    """The result, or an exception's class with its text; of the system's refusals the errno, as the texts are ours."""
    try:
        return function(*arguments, **keywords)
    except OSError as error:
        return (type(error), error.errno if error.errno is not None else str(error))
    except Exception as error:
        return (type(error), str(error))


class Families(unittest.TestCase):
    def setUp(self):
        if not list((BUILD / "conformance").glob("bight_socket.*")):
            self.skipTest("Python 3.11's headers were not there when this was built")
        sys.path.insert(0, str(BUILD / "conformance"))
        self.ours, self.theirs = importlib.import_module("bight_socket"), importlib.import_module("_socket")
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.opened = [self.near, self.far]

    def tearDown(self):
        for one in self.opened:
            one.close()

    def adopted(self, module, family, proto=0, like=None):
        """A socket of `module` on a duplicate; of a Unix one unless told, as if it were of `family`."""
        fd = os.dup((like or self.near).fileno())
        made = module.socket(family, socket.SOCK_DGRAM, proto, fileno=fd)
        self.opened.append(made)
        return made

    def compare(self, family, proto, addresses):
        number = getattr(socket, family)
        ours, theirs = self.adopted(self.ours, number, proto), self.adopted(self.theirs, number, proto)
        for address in addresses:
            for call in ("bind", "connect", "connect_ex"):
                with self.subTest(family=family, proto=proto, address=address, call=call):
                    self.assertEqual(outcome(getattr(ours, call), address), outcome(getattr(theirs, call), address))
            with self.subTest(family=family, proto=proto, address=address, call="sendto"):
                self.assertEqual(outcome(ours.sendto, b"x", address), outcome(theirs.sendto, b"x", address))

    def test_what_is_no_address_is_refused_as_by_cpython(self):
        for family, (proto, addresses) in CASES.items():
            self.compare(family, proto, addresses)

    def test_families_whose_addresses_depend_on_the_protocol(self):
        for family, protocols in WITH_PROTOCOLS.items():
            if not hasattr(socket, family):
                self.skipTest(f"this Python has no {family}")
            for proto, addresses in protocols.items():
                self.compare(family, proto, addresses)

    def opened_by_us(self, *arguments):
        try:
            made = self.ours.socket(*arguments)
        except OSError as error:
            self.skipTest(f"{arguments}: {error}")
        self.opened.append(made)
        return made

    def same_names(self, made):
        theirs = self.adopted(self.theirs, made.family, made.proto, like=made)
        self.assertEqual(made.getsockname(), theirs.getsockname())
        self.assertEqual(outcome(made.getpeername), outcome(theirs.getpeername))
        return made.getsockname()

    def test_netlink(self):
        made = self.opened_by_us(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        made.bind((0, 1 << 4 | 1))
        pid, groups = self.same_names(made)
        self.assertEqual((pid > 0, groups), (True, 17))

    def test_packet(self):
        made = self.opened_by_us(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.assertEqual(self.same_names(made)[:2], ("", 0))
        made.bind(("lo", 0x86dd))
        self.assertEqual(self.same_names(made), ("lo", 0x86dd, 0, 772, b"\0" * 6))
        # What comes: an interface, a kind of packet, an address of hardware.
        made.bind(("lo", 0x0800))
        theirs = self.adopted(self.theirs, made.family, made.proto, like=made)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            udp.sendto(b"x", udp.getsockname())
        made.settimeout(5)
        peeked, ours = made.recvfrom(100, socket.MSG_PEEK)
        taken, other = theirs.recvfrom(100)
        self.assertEqual((peeked, ours), (taken, other))

    def test_vsock(self):
        made = self.opened_by_us(socket.AF_VSOCK, socket.SOCK_STREAM)
        made.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
        cid, port = self.same_names(made)
        self.assertEqual(cid, socket.VMADDR_CID_ANY)
        self.assertNotEqual(port, socket.VMADDR_PORT_ANY)

    def test_a_family_that_neither_knows(self):
        made = self.opened_by_us(socket.AF_KEY, socket.SOCK_RAW, 2)
        self.same_names(made)

    def test_sendmsg_afalg_checks_its_arguments_as_cpython_does(self):
        ours, theirs = self.adopted(self.ours, socket.AF_ALG), self.adopted(self.theirs, socket.AF_ALG)
        calls = [((), {}), ((), {"op": -1}), ((), {"op": 2**40}), ((), {"op": "x"}), ((), {"op": None}),
                 ((5,), {"op": 1}), (([5],), {"op": 1}), ((5,), {}), ((5,), {"op": 1, "assoclen": -1}),
                 (([b"x"],), {"op": 1, "assoclen": -1}), (([b"x"],), {"op": 1, "assoclen": 2**40}),
                 ((), {"op": 2**40, "assoclen": 2**40}), (([b"x"],), {"op": 1, "assoclen": "x"}),
                 (([b"x"],), {"op": 1, "iv": "text"}), (([b"x"], 1), {}), (([b"x"],), {"op": 1, "more": 1}),
                 (([b"x", b"yz"],), {"op": 1, "iv": b"0123", "assoclen": 2, "flags": 0}), ((), {"op": True}),
                 ((), {"msg": [b"abc"], "op": 0, "iv": b""}), (([b"x"],), {"op": 1, "flags": "x"})]
        for arguments, keywords in calls:
            with self.subTest(arguments=arguments, keywords=keywords):
                self.assertEqual(outcome(ours.sendmsg_afalg, *arguments, **keywords),
                                 outcome(theirs.sendmsg_afalg, *arguments, **keywords))
        self.far.settimeout(5)
        received = [self.far.recv(10) for _ in range(6)]
        self.assertEqual(received, [b"xyz", b"xyz", b"", b"", b"abc", b"abc"])
        other, theirs = self.adopted(self.ours, socket.AF_UNIX), self.adopted(self.theirs, socket.AF_UNIX)
        self.assertEqual(outcome(other.sendmsg_afalg, [b"x"], op=1), outcome(theirs.sendmsg_afalg, [b"x"], op=1))


if __name__ == "__main__":
    unittest.main()
