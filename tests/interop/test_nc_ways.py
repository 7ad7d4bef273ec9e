# SPDX-License-Identifier: BSL-1.0
"""`bight nc`: dumps of the traffic, where it connects from, and groups; with ncat and socat at the other end."""

import os
import re
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, DEADLINE, BightTest, exchange, open_socket  # noqa: E402

LINE = re.compile(r"([<>]) ([0-9a-f]{8})  ((?:[0-9a-f]{2} {1,2}){1,16}) *\|(.{1,16})\|")
GROUP = "239.255.77.1"
IP_RECVTTL = 12  # which this Python does not name


def parse_dump(text, direction):
    """The bytes of one direction; complains about a line that is not as it should be."""
    data = b""
    for line in text.splitlines():
        found = LINE.fullmatch(line)
        if not found:
            raise AssertionError(f"no line of a dump: {line!r}")
        if found[1] != direction:
            continue
        part = bytes.fromhex(found[3])
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        if int(found[2], 16) != len(data) or found[4] != shown:
            raise AssertionError(f"wrong place or text after {len(data)} bytes: {line!r}")
        data += part
    return data


def ncat_dump(text):
    """The bytes that ncat's -x writes: "0000   68 65 6c 6c 6f 20 77 6f  72 6c 64                hello.world"."""
    return bytes.fromhex("".join(line[7:56] for line in text.splitlines()))


class Ways(BightTest):
    def listen(self, endpoint, *options):
        process = self.bight("nc", "-l", *options, endpoint.format(folder=self.folder, pid=os.getpid()))
        process.endpoint = process.wait_for_error("\n").splitlines()[0].removeprefix("listening on ")
        return process

    def dump(self, name="dump"):
        return Path(self.folder, name).read_text()


class HexDump(Ways):
    def test_holds_both_ways_of_a_stream(self):
        question, answer = os.urandom(1000), bytes(range(256)) * 3 + b"x"
        for kind in ("tcp:127.0.0.1:0", "tcp:[::1]:0", "unix:{folder}/s", "unix:@bight-{pid}-dump"):
            with self.subTest(kind=kind):
                server = self.listen(kind, "-x", f"{self.folder}/dump")
                server.child.stdin.write(answer)
                server.child.stdin.close()
                with open_socket(server.endpoint) as peer:
                    self.assertEqual(exchange(peer, question), answer)
                self.assertEqual(server.wait(), 0)
                self.assertEqual(parse_dump(self.dump(), "<"), question)
                self.assertEqual(parse_dump(self.dump(), ">"), answer)

    def test_agrees_with_that_of_ncat(self):
        self.need("ncat")
        data = os.urandom(333)
        server = self.listen("tcp:127.0.0.1:0", "--hex-dump", f"{self.folder}/ours")
        port = server.endpoint.rpartition(":")[2]
        client = self.start("ncat", "-x", f"{self.folder}/theirs", "127.0.0.1", port)
        client.child.stdin.write(data)
        self.assertEqual(server.read_until(lambda text: len(text) == len(data)), data)
        server.child.stdin.close()  # ncat stops sending once the other end has finished
        self.assertEqual(client.finish()[0], 0)
        self.assertEqual(server.wait(), 0)
        self.assertEqual(ncat_dump(self.dump("theirs")), data)
        self.assertEqual(parse_dump(self.dump("ours"), "<"), data)

    def test_of_datagrams_and_of_one_connection_after_the_other(self):
        server = self.listen("udp:127.0.0.1:0", "-x", f"{self.folder}/dump")
        with open_socket(server.endpoint) as peer:
            for part in (b"one", b"", b"three"):
                peer.send(part)
            server.read_until(lambda text: text == b"onethree")
            server.child.stdin.write(b"answer")
            self.assertEqual(peer.recv(100), b"answer")
        server.stop(signal.SIGINT)
        self.assertEqual(parse_dump(self.dump(), "<"), b"onethree")
        self.assertEqual(parse_dump(self.dump(), ">"), b"answer")
        server = self.listen("tcp:127.0.0.1:0", "-k", "-x", f"{self.folder}/dump")
        server.child.stdin.close()
        for part in (b"first", b"second"):
            with open_socket(server.endpoint) as peer:
                self.assertEqual(exchange(peer, part), b"")
        server.read_until(lambda text: text == b"firstsecond")  # its end comes before it has read what was sent to it
        server.stop(signal.SIGINT)
        self.assertEqual(parse_dump(self.dump(), "<"), b"firstsecond")

    def test_a_dump_of_before_is_kept_until_there_is_another(self):
        dump = self.folder / "dump"
        dump.write_text("of before\n" * 10)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            self.assertEqual(self.run_bight("nc", "-x", dump, "127.0.0.1", port)[0], 7)
            self.assertEqual(self.run_bight("nc", "-l", "-x", dump, "127.0.0.1", port)[0], 1)
            self.assertEqual(dump.read_text(), "of before\n" * 10)
            nobody.listen()
            client = self.bight("nc", "-x", dump, "127.0.0.1", port)
            with nobody.accept()[0] as peer:
                peer.sendall(b"new")
            self.assertEqual(client.finish(), (0, b"new"))
        self.assertEqual(parse_dump(self.dump(), "<"), b"new")

    def test_that_cannot_be_written_is_told_before_anything_is_sent(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            code, _, errors = self.run_bight("nc", "-x", f"{self.folder}/no/such", "127.0.0.1", port, data=b"x")
            self.assertEqual((code, errors), (1, f"bight: open {self.folder}/no/such: no such file or directory\n"))
            listener.settimeout(0)
            self.assertRaises(BlockingIOError, listener.accept)


class Source(Ways):
    def unused(self, kind):
        """A port of an address that only this test uses: free now, and nobody else takes it."""
        host = "127.{}.{}.{}".format(77, os.getpid() >> 8 & 255, os.getpid() & 255)
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind((host, 0))
            return probe.getsockname()

    def test_of_a_stream(self):
        for host, any_host in (("127.0.0.1", "127.0.0.2"), ("::1", "::1")):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with self.subTest(host=host), socket.create_server((host, 0), family=family) as listener:
                listener.settimeout(DEADLINE)
                client = self.bight("nc", "-s", any_host, host, listener.getsockname()[1])
                peer, address = listener.accept()
                with peer:
                    self.assertEqual(address[0], any_host)
                client.child.stdin.close()
                self.assertEqual(client.wait(), 0)

    def test_port_of_a_stream_and_of_datagrams(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(DEADLINE)
            host, port = self.unused(socket.SOCK_STREAM)
            client = self.bight("nc", "-s", host, "-p", port, "127.0.0.1", listener.getsockname()[1])
            peer, address = listener.accept()
            peer.close()
            self.assertEqual(address, (host, port))
            client.child.stdin.close()
            self.assertEqual(client.wait(), 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
            target.bind(("127.0.0.1", 0))
            target.settimeout(DEADLINE)
            host, port = self.unused(socket.SOCK_DGRAM)
            client = self.bight("nc", "-u", "-s", host, "-p", port, "127.0.0.1", target.getsockname()[1])
            client.child.stdin.write(b"from there")
            self.assertEqual(target.recvfrom(100), (b"from there", (host, port)))
            client = self.bight("nc", "-u", "-p", "0", "127.0.0.1", target.getsockname()[1])
            client.child.stdin.write(b"from anywhere")
            self.assertEqual(target.recv(100), b"from anywhere")

    def test_a_unix_path_is_removed_in_the_end(self):
        source = Path(self.folder, "source")
        for kind, scheme in ((socket.SOCK_STREAM, "unix"), (socket.SOCK_DGRAM, "unixgram")):
            with self.subTest(scheme=scheme), socket.socket(socket.AF_UNIX, kind) as target:
                where = f"{self.folder}/{scheme}"
                target.bind(where)
                target.settimeout(DEADLINE)
                if kind == socket.SOCK_STREAM:
                    target.listen()
                client = self.bight("nc", "-s", source, f"{scheme}:{where}")
                if kind == socket.SOCK_STREAM:
                    peer, address = target.accept()
                    peer.close()
                    client.child.stdin.close()
                    self.assertEqual(client.wait(), 0)
                else:
                    client.child.stdin.write(b"x")
                    address = target.recvfrom(10)[1]
                    self.assertEqual(client.stop(signal.SIGINT), 130)
                self.assertEqual(address, str(source))
                self.assertFalse(source.exists())

    def test_a_unix_path_is_removed_where_nobody_listens(self):
        path = Path(self.folder, "source")
        for kind in ((), ("-u",)):
            with self.subTest(kind=kind):
                done = subprocess.run([BIGHT, "nc", "-U", *kind, "-s", str(path), f"{self.folder}/nobody"],
                                      stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
                self.assertEqual(done.returncode, 7, done.stderr)
                self.assertFalse(path.exists())

    def test_with_socat(self):
        self.need("socat")
        server = self.start("socat", "-d", "-d", "-u", "TCP-LISTEN:0,bind=127.0.0.1,range=127.0.0.9/32", "-")
        port = re.search(r"127\.0\.0\.1:(\d+)", server.wait_for_error("listening on"))[1]
        self.assertEqual(self.run_bight("nc", "-s", "127.0.0.9", "127.0.0.1", port, data=b"let in")[0], 0)
        self.assertEqual(server.read_until(lambda text: text == b"let in"), b"let in")

    def test_that_cannot_be_used(self):
        for options, says in ((["-s", "192.0.2.1", "127.0.0.1", "9"], "cannot assign requested address"),
                              (["-p", "1", "unix:/x"], "a Unix socket has none"),
                              (["-l", "-p", "1", "tcp:0"], "are for connecting"),
                              (["-p", "65536", "127.0.0.1", "9"], "port"),
                              (["--ttl", "2", "127.0.0.1", "9"], "are for groups"),
                              (["-u", "--ttl", "2", "127.0.0.1", "9"], "127.0.0.1:9 is none"),
                              (["-u", "--interface", "no-such", GROUP, "9"], "no interface with this name")):
            with self.subTest(options=options):
                code, output, errors = self.run_bight("nc", *options, data=b"")
                self.assertIn(says, errors)
                self.assertNotEqual(code, 0)
                self.assertEqual(output, b"")


class Groups(Ways):
    def member(self, interface="lo"):
        process = self.listen(f"udp:{GROUP}:0", "--interface", interface)
        return process, int(process.endpoint.rpartition(":")[2])

    def sender(self, port, *options):
        return self.bight("nc", "-u", "--interface", "lo", *options, GROUP, port)

    def test_two_members_get_what_is_sent_and_answer(self):
        first, port = self.member("lo")
        second = self.listen(f"udp:{GROUP}:{port}", "--interface", "127.0.0.1")
        sender = self.sender(port, "--ttl", "0")
        sender.child.stdin.write(b"to all")
        for member in (first, second):
            self.assertEqual(member.read_until(lambda text: text == b"to all"), b"to all")
        first.child.stdin.write(b"one answer, ")  # from another address than the group's
        sender.read_until(lambda text: text == b"one answer, ")
        second.child.stdin.write(b"and another")
        sender.read_until(lambda text: text == b"one answer, and another")
        sender.child.stdin.write(b"; again")  # still to the group, not to who answered last
        for member in (first, second):
            member.read_until(lambda text: text == b"to all; again")
            self.assertEqual(member.stop(signal.SIGINT), 130)

    def namespace(self):
        """A network of its own with one interface: the loopback would hand back what it sends, loop or not."""
        if os.geteuid() != 0:
            self.skipTest("needs root, to make a network namespace")
        name = f"bight-{os.getpid()}-{id(self)}"
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
        if made.returncode != 0:
            self.skipTest(f"no network namespaces here: {made.stderr.strip()}")
        self.addCleanup(subprocess.run, ["ip", "netns", "del", name], check=True)
        for words in ("link add d0 type veth peer name d1", "addr add 10.77.0.1/24 dev d0", "link set d1 up",
                      "link set d0 up", "link set lo up", "addr add fe80::77/64 dev d0 nodad"):
            subprocess.run(["ip", "-n", name, *words.split()], check=True)
        return ["ip", "netns", "exec", name, BIGHT, "nc"]

    def test_without_loop_this_machine_hears_nothing(self):
        inside = self.namespace()
        member = self.start(*inside, "-l", f"udp:{GROUP}:0", "--interface", "d0")
        port = member.wait_for_error("\n").split()[-1].rpartition(":")[2]
        silent = self.start(*inside, "-u", "--interface", "d0", "--no-loop", GROUP, port)
        self.assertEqual(silent.finish(b"unheard"), (0, b""))
        self.start(*inside, "-u", "--interface", "10.77.0.1", GROUP, port).child.stdin.write(b"heard")
        self.assertEqual(member.read_until(lambda text: len(text) >= 5), b"heard")
        self.assertEqual(member.stop(signal.SIGINT), 130)

    def test_over_ipv6(self):
        inside = self.namespace()
        member = self.start(*inside, "-l", "udp:[ff02::77%d0]:0", "--interface", "d0")
        port = member.wait_for_error("\n").split()[-1].rpartition(":")[2]
        sender = self.start(*inside, "-u", "--interface", "d0", "--ttl", "3", "ff02::77%d0", port)
        sender.child.stdin.write(b"over ipv6")
        self.assertEqual(member.read_until(lambda text: len(text) >= 9), b"over ipv6")
        self.assertEqual(member.stop(signal.SIGINT), 130)

    def test_hops_are_as_many_as_asked_for(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as member:
            member.bind((GROUP, 0))
            member.settimeout(DEADLINE)
            member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                              socket.inet_aton(GROUP) + struct.pack("@i", 0x0100007f))
            member.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            for options, hops in (([], 1), (["--ttl", "7"], 7), (["--ttl", "255"], 255)):
                self.sender(member.getsockname()[1], *options).child.stdin.write(b"x")
                _, items, _, _ = member.recvmsg(10, 100)
                self.assertEqual([struct.unpack("@i", data)[0] for level, kind, data in items
                                  if (level, kind) == (socket.IPPROTO_IP, socket.IP_TTL)], [hops])

    def test_with_socat(self):
        self.need("socat")
        member, port = self.member()
        socat = self.start("socat", "-u", "-", f"UDP4-DATAGRAM:{GROUP}:{port},ip-multicast-if=127.0.0.1")
        self.assertEqual(socat.finish(b"from socat")[0], 0)
        self.assertEqual(member.read_until(lambda text: text == b"from socat"), b"from socat")
