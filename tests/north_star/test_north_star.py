# SPDX-License-Identifier: BSL-1.0
"""The blocks of north_star.cpp whose modules stand, run as they are: their ports are fixed, and so is a host, so each
runs in namespaces of its own. Their peers are the Python clients of examples/."""

import ipaddress
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("BIGHT_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("BIGHT_BUILD") or SOURCE / "build" / "cells" / "gcc").resolve()
sys.path.insert(0, str(SOURCE / "tests" / "support" / "python"))

from programs import Program  # noqa: E402
from worlds import World  # noqa: E402

PROGRAM = BUILD / "tests" / "north_star" / "north_star"
FOLDER = SOURCE / "tests" / "north_star"

# Blocks that cannot run yet, and what of yet_to_come.h each of them uses.
TO_COME = {"reactor_server": "class Reactor", "over_tls": "namespace ssl"}

# What the others are given.
PARTS = {"echo"}

HTTP_SERVER = """
import socket, sys
with socket.create_server(("192.0.2.30", 80)) as listener:
    print("listening", flush=True)
    connection, peer = listener.accept()
    with connection, connection.makefile("rb") as lines:
        while line := lines.readline().strip():
            print(line.decode(), flush=True)
        if sys.argv[1] == "answer":
            connection.sendall(b"HTTP/1.0 204 No Content\\r\\n\\r\\n")
        print("then", connection.recv(1), flush=True)
"""

LINE_CLIENT = """
import socket, sys
with socket.create_connection(("127.0.0.1", 9999)) as connection, connection.makefile("rb") as answers:
    for line in sys.stdin:
        connection.sendall(line.encode())
        print(answers.readline().decode().strip(), flush=True)
"""

NAMES = """
import socket
for family, kind, _, _, (host, port) in socket.getaddrinfo("www.python.org", "http"):
    print(family.name, kind.name, f"{host}:{port}")
print(socket.getservbyname("https", "tcp"), socket.getfqdn())
"""


class NorthStar(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = World(["ip address add 192.0.2.30/32 dev lo"])
        self.addCleanup(self.world.close)

    def start(self, name, *command):
        program = Program(name, [*self.world.prefix, *command])
        self.addCleanup(program.kill)
        return program

    def block(self, *arguments):
        return self.start("block", PROGRAM, *arguments)

    def server(self, *arguments):
        server = self.block(*arguments)
        server.wait_for("waiting")
        return server

    def client(self, example, *arguments):
        return self.start("client", sys.executable, "-u", SOURCE / "examples" / example / "client.py", "127.0.0.1",
                          *arguments)

    def python(self, code, *arguments):
        return self.start("python", sys.executable, "-u", "-c", code, *arguments)

    def test_echo(self):
        self.server("echo_blocking")
        for _ in range(2):
            client = self.client("30_iterative_echo", 7000)
            self.assertEqual(client.ask("one"), "one")
            self.assertEqual(client.ask("and another"), "and another")
            client.finish()

    def test_head_of_a_server_that_answers(self):
        server = self.python(HTTP_SERVER, "answer")
        server.wait_for("listening")
        block = self.block("report", "www.python.org")
        block.finish()
        self.assertEqual(block.lines, ["HTTP/1.0 204 No Content", ""])
        server.finish()
        self.assertEqual(server.lines, ["listening", "HEAD / HTTP/1.0", "then b''"])

    def test_head_of_a_server_that_says_nothing(self):
        server = self.python(HTTP_SERVER, "silence")
        server.wait_for("listening")
        block = self.block("report", "www.python.org")
        block.finish()
        self.assertEqual(block.lines, ["too slow"])

    def test_head_of_a_host_without_a_server(self):
        block = self.block("report", "www.python.org")
        block.finish()
        self.assertEqual(block.lines, ["connect to 192.0.2.30:80: connection refused"])

    def test_head_of_a_host_that_nobody_knows(self):
        block = self.block("report", "nobody")
        block.finish()
        self.assertEqual(block.lines, ["-2 resolve 'nobody': name or service not known"])

    def test_what_every_book_writes(self):
        self.block("as_every_book_writes_it").finish()

    def test_datagrams(self):
        self.server("datagrams")
        client = self.client("32_timestamp_udp", 9999)
        self.assertEqual(client.ask("a postcard"), "a postcard")
        self.assertEqual(client.ask("another"), "another")

    def test_names(self):
        ours, theirs = self.block("names"), self.python(NAMES)
        ours.finish()
        theirs.finish()
        self.assertEqual(ours.lines, theirs.lines)
        self.assertEqual(ours.lines, ["AF_INET SOCK_STREAM 192.0.2.30:80", "443 terminal.library.example"])

    def test_ready_loop(self):
        self.server("ready_loop")
        for _ in range(2):
            client = self.client("22_accept_loop", 7000)
            client.finish()
            self.assertEqual(client.lines, ["hello"])

    def test_threaded(self):
        self.server("threaded")
        one, other = self.python(LINE_CLIENT), self.python(LINE_CLIENT)
        for client in one, other, one:  # both are connected from their first line on
            self.assertEqual(client.ask("louder"), "LOUDER")

    def test_coroutines_on_io_uring(self):
        self.coroutines("uring")

    def test_coroutines_on_epoll(self):
        self.coroutines("epoll")

    def coroutines(self, engine):
        self.world.prefix.append(f"BIGHT_ENGINE={engine}")  # behind env's other variables
        self.server("serve_coroutines")
        one = self.block("ask", "a question")
        one.finish()
        self.assertEqual(one.lines, ["a question"])
        three = self.block("ask_three")
        three.finish()
        self.assertEqual(sorted(three.lines), ["one", "three", "two"])

    def test_addresses(self):
        block = self.block("addresses", "10.1.2.3")
        block.finish()
        subnets = ipaddress.ip_network("10.0.0.0/8").subnets(new_prefix=16)
        self.assertEqual(block.lines, ["1", *map(str, subnets)])


class Blocks(unittest.TestCase):
    def test_every_block_runs_or_waits_for_what_is_to_come(self):
        text = (FOLDER / "north_star.cpp").read_text()
        functions = set(re.findall(r"^(?:void|Task<>) (\w+)\(", text, re.M))
        listed = set(subprocess.run([PROGRAM], check=True, capture_output=True, text=True).stdout.split())
        self.assertEqual(functions, listed | set(TO_COME) | PARTS)
        self.assertFalse(listed & set(TO_COME))

    def test_what_is_to_come_has_not_come(self):
        declared = (FOLDER / "yet_to_come.h").read_text()
        for block, needs in TO_COME.items():
            self.assertIn(needs, declared, f"{block} can run: add it to blocks.cpp")


if __name__ == "__main__":
    unittest.main()
