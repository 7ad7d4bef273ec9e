# SPDX-License-Identifier: BSL-1.0
"""`bight nc` as a client and as a server, with other people's programs at the other end."""

import os
import signal
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import (BIGHT, DEADLINE, BightTest, exchange, open_socket, parse_endpoint, read_to_end,  # noqa: E402
                           sha256)

MEBIBYTES_16 = 16 << 20
SEND_ON = {"socat", "bight"}  # whose own sending goes on after the peer's end
KINDS = {
    "tcp4": "tcp:127.0.0.1:0",
    "tcp6": "tcp:[::1]:0",
    "unix": "unix:{folder}/nc.sock",
    "abstract": "unix:@bight-{pid}-nc",
}


class NcTest(BightTest):
    timeout = 120

    def listen(self, endpoint, *options):
        """`bight nc -l`, and where it listens."""
        where = endpoint.format(folder=self.folder, pid=os.getpid())
        process = self.bight("nc", "-l", *options, where)
        process.endpoint = process.wait_for_error("\n").splitlines()[0].removeprefix("listening on ")
        return process

    def check_both_ways(self, tool, peer, at_once):
        """16 MiB each way, each end half-closing after its own. Or the peer first: ncat and nc.openbsd stop sending once
        the other end has finished."""
        there, back = os.urandom(MEBIBYTES_16), os.urandom(MEBIBYTES_16)
        results = []
        limit = 3 * DEADLINE
        sender = threading.Thread(target=lambda: results.append(peer.finish(back, limit)))
        sender.start()
        if not at_once:
            tool.read_until(lambda text: len(text) >= len(back), limit)
        code, output = tool.finish(there, limit)
        sender.join(limit)
        self.assertEqual((code, len(output), sha256(output)), (0, len(back), sha256(back)), tool.stderr())
        code, output = results[0]
        self.assertEqual((code, len(output), sha256(output)), (0, len(there), sha256(there)), peer.stderr())


def peer_client(program, kind, endpoint):
    """The command of a peer that connects to `endpoint`, sends its input, half-closes and reads to the end."""
    _, _, address = parse_endpoint(endpoint)
    if kind in ("unix", "abstract"):
        name = address.lstrip("\0")
        return {"ncat": ["ncat", "-U", name], "nc.openbsd": ["nc.openbsd", "-N", "-U", name],
                "socat": ["socat", "-t", "10", "-", f"{'UNIX' if kind == 'unix' else 'ABSTRACT'}-CONNECT:{name}"],
                "bight": [BIGHT, "nc", endpoint]}[program]
    host, port = address
    return {"ncat": ["ncat", host, port], "nc.openbsd": ["nc.openbsd", "-N", host, port],
            "socat": ["socat", "-t", "10", "-", f"TCP:[{host}]:{port}" if ":" in host else f"TCP:{host}:{port}"],
            "bight": [BIGHT, "nc", host, port]}[program]


class AsServer(NcTest):
    """One test for each kind of endpoint and each peer; they are made below."""

    def check(self, kind, program):
        if program != "bight":
            self.need(program)
        server = self.listen(KINDS[kind])
        peer = self.start(*peer_client(program, kind, server.endpoint))
        self.check_both_ways(server, peer, at_once=program in SEND_ON)


for each_kind in KINDS:
    for each_program in ("ncat", "socat", "nc.openbsd", "bight"):
        if each_kind != "abstract" or each_program in ("socat", "bight"):  # the others know paths only
            def test(self, kind=each_kind, program=each_program):
                self.check(kind, program)
            setattr(AsServer, f"test_{each_kind}_{each_program.replace('.', '_')}", test)
del test


class AsClient(NcTest):
    """The other programs listen."""

    def check(self, command, endpoint, ready):
        """`command` listens once ready(peer) returns, at what that returns or at `endpoint`."""
        self.need(command[0])
        peer = self.start(*command)
        client = self.bight("nc", ready(peer) or endpoint)
        self.check_both_ways(client, peer, at_once=command[0] in SEND_ON)

    def test_openbsd_over_tcp(self):
        def port(peer):
            return "tcp:127.0.0.1:" + peer.wait_for_error("Listening on 127.0.0.1 ").split()[-1]

        self.check(["nc.openbsd", "-N", "-n", "-v", "-l", "127.0.0.1", "0"], None, port)

    def test_socat_over_tcp6(self):
        def port(peer):
            text = peer.wait_for_error("listening on ")
            return "tcp:[::1]:" + text.rpartition("]:")[2].split()[0]

        self.check(["socat", "-d", "-d", "-t", "10", "-", "TCP6-LISTEN:0,bind=[::1]"], None, port)

    def test_openbsd_over_a_unix_path(self):
        path = f"{self.folder}/s.sock"
        self.check(["nc.openbsd", "-N", "-l", "-U", path], f"unix:{path}", lambda peer: self.assert_listens(path))

    def test_ncat_over_a_unix_path(self):
        path = f"{self.folder}/s.sock"
        self.check(["ncat", "-l", "-U", path], f"unix:{path}", lambda peer: self.assert_listens(path))

    def test_socat_over_an_abstract_name(self):
        name = f"bight-{os.getpid()}-socat"
        self.check(["socat", "-d", "-d", "-t", "10", "-", f"ABSTRACT-LISTEN:{name}"], f"unix:@{name}",
                   lambda peer: peer.wait_for_error("listening on ") and None)

    def with_listener(self):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(DEADLINE)
        self.addCleanup(listener.close)
        return listener, f"tcp:127.0.0.1:{listener.getsockname()[1]}"

    def test_cpython(self):
        listener, endpoint = self.with_listener()
        there, back = os.urandom(MEBIBYTES_16), os.urandom(MEBIBYTES_16)
        client = self.bight("nc", endpoint)
        results = []
        sender = threading.Thread(target=lambda: results.append(client.finish(there)))
        sender.start()
        connection, _ = listener.accept()
        with connection:
            self.assertEqual(sha256(exchange(connection, back)), sha256(there))
        sender.join(DEADLINE)
        self.assertEqual((results[0][0], sha256(results[0][1])), (0, sha256(back)))

    def test_an_ipv6_host_in_brackets_and_a_port(self):
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
            client = self.bight("nc", "[::1]", str(listener.getsockname()[1]))
            listener.settimeout(DEADLINE)
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"answer")
            self.assertEqual(client.finish(b""), (0, b"answer"))

    def test_the_end_of_input_half_closes_and_the_answer_still_comes(self):
        listener, endpoint = self.with_listener()
        client = self.bight("nc", endpoint)
        client.child.stdin.write(b"question")
        client.child.stdin.close()
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(DEADLINE)
            self.assertEqual(read_to_end(connection), b"question")
            self.assertIsNone(client.child.poll())
            connection.sendall(b"answer")
        self.assertEqual(client.read_all(), b"answer")
        self.assertEqual(client.wait(), 0)

    def test_input_goes_on_after_the_peer_has_finished_sending(self):
        listener, endpoint = self.with_listener()
        client = self.bight("nc", endpoint)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(DEADLINE)
            connection.sendall(b"all I have to say")
            connection.shutdown(socket.SHUT_WR)
            client.read_until(lambda text: text == b"all I have to say")
            client.child.stdin.write(b"and I listen")
            client.child.stdin.close()
            self.assertEqual(read_to_end(connection), b"and I listen")
        self.assertEqual(client.wait(), 0)

    def test_bytes_come_as_soon_as_they_are_there(self):
        server = self.serve("echo", "--listen", "tcp:0")
        client = self.bight("nc", server.endpoint)
        for text in (b"a", b"bc", b"def"):
            client.child.stdin.write(text)
            client.read_until(lambda output: output.endswith(text))
        self.assertEqual(client.finish()[0], 0)

    def test_standard_input_may_be_a_file(self):
        server = self.serve("echo", "--listen", "tcp:0")
        path = self.folder / "file"
        path.write_bytes(os.urandom(1 << 20))
        with path.open("rb") as file:
            client = self.bight("nc", server.endpoint, stdin=file)
        self.assertEqual(sha256(client.read_all()), sha256(path.read_bytes()))
        self.assertEqual(client.wait(), 0)

    def test_without_standard_descriptors_nothing_is_mixed_up(self):
        server = self.serve("echo", "--listen", "tcp:0")
        client = self.start("sh", "-c", f"exec {BIGHT!r} nc {server.endpoint} <&-")
        self.assertEqual(client.finish(), (0, b""), client.stderr())

    def test_a_peer_that_does_not_read_stops_the_reading_of_input(self):
        listener, endpoint = self.with_listener()
        client = self.bight("nc", endpoint)
        connection, _ = listener.accept()
        with connection:
            os.set_blocking(client.child.stdin.fileno(), False)
            before, used = client.resident_bytes(), None
            while True:  # until nothing more can be written, and the client rests
                if client.child.stdin.write(b"x" * 65536) is None:
                    if used == client.cpu_seconds():
                        break
                    used = client.cpu_seconds()
                    threading.Event().wait(0.3)
            self.assertLess(client.resident_bytes() - before, 4 << 20)
            used = client.cpu_seconds()
            threading.Event().wait(0.3)
            self.assertLess(client.cpu_seconds() - used, 0.05)


class Keep(NcTest):
    def test_one_connection_and_no_more(self):
        server = self.listen("tcp:0")
        with open_socket(server.endpoint) as connection:
            connection.sendall(b"only one")
            server.read_until(lambda text: text == b"only one")
            with self.assertRaises(ConnectionRefusedError):
                open_socket(server.endpoint)
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(server.finish()[0], 0)

    def test_keep_takes_one_after_the_other(self):
        server = self.listen("unix:{folder}/nc.sock", "-k")
        server.child.stdin.close()
        for text in (b"first", b"second", b"third"):
            with open_socket(server.endpoint) as connection:
                self.assertEqual(exchange(connection, text), b"")
            server.read_until(lambda output: output.endswith(text))
        self.assertEqual(server.output, b"firstsecondthird")
        self.assertEqual(server.stop(signal.SIGINT), 130)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_path_goes_with_the_listener(self):
        server = self.listen("unix:{folder}/nc.sock")
        self.assertEqual(server.stop(), 143)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_port_alone_is_one_of_the_loopback(self):
        server = self.listen("0")
        self.assertTrue(server.endpoint.startswith("tcp:127.0.0.1:"))
