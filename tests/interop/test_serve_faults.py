# SPDX-License-Identifier: BSL-1.0
"""What clients do to a server: they reset, stay, never read, come in crowds. It ends them and serves the others."""

import os
import select
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import (DEADLINE, SOURCE, STYLES, BightTest, descriptor_limit, exchange, has_sanitizer,  # noqa: E402
                           in_every_style, read_to_end, reset, sha256)
from slow_clients import fill  # noqa: E402

CONCURRENT = tuple(style for style in STYLES if style not in ("iterative", "prefork"))
COUNTING = tuple(style for style in CONCURRENT if style != "fork")  # which makes who is too many wait: test_serve_fork.py


# AddressSanitizer keeps what was freed for a while; resident memory would tell of that.
GIVES_MEMORY_BACK = os.environ | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                                  ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}


class Resets(BightTest):
    @in_every_style("echo", "tcp:127.0.0.1:0")
    def test_a_reset_ends_that_connection_only(self, server):
        def after_nothing(connection):
            pass

        def after_a_byte(connection):
            connection.sendall(b"x")

        def after_an_answer(connection):
            connection.sendall(b"x")
            connection.recv(1)

        def with_much_unread(connection):
            connection.settimeout(0.05)
            try:
                connection.sendall(b"x" * (4 << 20))
            except TimeoutError:
                pass

        def after_a_half_close(connection):
            connection.sendall(b"x" * 100000)
            connection.shutdown(socket.SHUT_WR)

        for at in (after_nothing, after_a_byte, after_an_answer, with_much_unread, after_a_half_close):
            connection = server.connect()
            at(connection)
            reset(connection)
            self.assert_echoes(server)

    @in_every_style("echo", "tcp:127.0.0.1:0", styles=CONCURRENT)
    def test_a_reset_does_not_disturb_others(self, server):
        with server.connect() as other:
            other.sendall(b"before")
            self.assertEqual(other.recv(6), b"before")
            for _ in range(50):
                connection = server.connect()
                connection.sendall(b"x" * 1000)
                reset(connection)
            self.assertEqual(exchange(other, b"after"), b"after")

    @in_every_style("echo", "unix:{folder}/s.sock")
    def test_a_client_of_a_unix_socket_that_vanishes_ends_itself_only(self, server):
        for _ in range(20):
            connection = server.connect()
            connection.sendall(b"x" * 1000)
            connection.close()  # with an answer unread: a reset
        self.assert_echoes(server)

    @in_every_style("echo", "tcp:127.0.0.1:0")
    def test_a_client_that_is_killed_ends_itself_only(self, server):
        peer = self.bight("nc", server.endpoint)
        peer.child.stdin.write(b"here\n")
        peer.read_until(lambda text: text == b"here\n")
        peer.kill()
        self.assert_echoes(server)


class Crowds(BightTest):
    @in_every_style("echo", "tcp:127.0.0.1:0", styles=CONCURRENT)
    def test_many_clients_interleaved(self, server):
        clients = [self.connect(server) for _ in range(100)]
        for turn in range(10):
            for number, client in enumerate(clients):
                client.sendall(f"{number}.{turn};".encode())
        for number, client in enumerate(clients):
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(read_to_end(client).decode(), "".join(f"{number}.{turn};" for turn in range(10)))

    @in_every_style("echo", "tcp:127.0.0.1:0")
    def test_many_clients_at_once_each_get_their_own_bytes(self, server):
        right = []

        def client(number):
            data = bytes([number]) * (1 << 18) + os.urandom(1 << 10)
            with server.connect() as connection:
                if exchange(connection, data) == data:
                    right.append(number)

        threads = [threading.Thread(target=client, args=(number,)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
        self.assertEqual(sorted(right), list(range(24)))

    @in_every_style("echo", "tcp:127.0.0.1:0", styles=CONCURRENT)
    def test_a_thousand_short_connections(self, server):
        for number in range(1000):
            with server.connect() as connection:
                connection.sendall(b"x")
                self.assertEqual(connection.recv(10), b"x")
        self.assert_eventually(lambda: server.descriptors() < 20, "the descriptors are given back")

    test_a_thousand_short_connections.timeout = 180

    def eight_that_never_read(self, server):
        greedy = [self.connect(server) for _ in range(8)]
        for connection in greedy:
            connection.setblocking(False)
        self.assertGreater(fill(server, greedy), 8 << 20)
        return greedy

    @in_every_style("echo", "tcp:127.0.0.1:0", styles=CONCURRENT, env=GIVES_MEMORY_BACK)
    def test_clients_that_never_read_cost_little_and_hold_up_nobody(self, server):
        begin = server.resident_bytes()
        first = self.eight_that_never_read(server)
        self.assertLess(server.resident_bytes() - begin, (16 if has_sanitizer() else 8) << 20)
        for connection in first:
            connection.close()
        self.assert_eventually(lambda: server.descriptors() < 20, "the descriptors are given back")
        # A server keeps memory for as many as once came together, and code that has run: what further ones cost is counted.
        before = server.resident_bytes()
        greedy = self.eight_that_never_read(server)
        self.assertLess(server.resident_bytes() - before, 8 << 20)
        self.assert_echoes(server, text=b"y" * 100000)
        used = server.cpu_seconds()
        select.select([], [], [], 0.5)
        self.assertLess(server.cpu_seconds() - used, 0.05)
        for connection in greedy:
            connection.close()

    test_clients_that_never_read_cost_little_and_hold_up_nobody.timeout = 180

    @in_every_style("echo", "tcp:127.0.0.1:0")
    def test_a_slow_reader_gets_every_byte(self, server):
        data = os.urandom(32 << 20)
        with server.connect() as connection:
            def send():
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            sender.join(0.2)  # the buffers fill, and the server has to stop reading
            self.assertEqual(sha256(read_to_end(connection)), sha256(data))

    test_a_slow_reader_gets_every_byte.timeout = 180


class Limits(BightTest):
    def served(self, connection):
        """Whether it is answered; one over a limit is ended instead."""
        try:
            connection.sendall(b"x")
            return connection.recv(1) == b"x"
        except ConnectionError:
            return False

    def serves_one_more(self, server):
        with server.connect() as connection:
            return self.served(connection)

    @in_every_style("echo", "tcp:127.0.0.1:0", "--max-conn", "2", styles=COUNTING)
    def test_max_conn(self, server):
        kept = [self.connect(server) for _ in range(2)]
        self.assertTrue(all(self.served(connection) for connection in kept))
        for _ in range(3):
            self.assertFalse(self.served(self.connect(server)))
        self.assertEqual(exchange(kept[0], b"still"), b"still")
        self.assert_eventually(lambda: self.serves_one_more(server), "a place is free again")
        kept[1].close()
        server.stop()
        self.assertEqual(server.stderr().count("the limit of 2 connections is reached"), 1)
        self.assertRegex(server.stderr(), r", [0-9]+ refused")

    def test_idle_clients_are_ended(self):
        servers = [self.serve("echo", "--listen", "tcp:0", "--idle", "1s", "--style", style) for style in STYLES]
        start = time.monotonic()
        clients = []
        for server in servers:
            clients.append(self.connect(server))
            self.assertTrue(self.served(clients[-1]))
        for style, server, client in zip(STYLES, servers, clients):
            with self.subTest(style=style):
                self.assertEqual(client.recv(1), b"")
                self.assertGreater(time.monotonic() - start, 0.99)
                self.assertLess(time.monotonic() - start, 10)
                self.assert_echoes(server)
                self.assertEqual(server.stop(), 0, server.stderr())

    @in_every_style("echo", "tcp:127.0.0.1:0", preexec_fn=descriptor_limit(60), styles=COUNTING)
    def test_connections_stop_before_descriptors_do(self, server):
        clients = [self.connect(server) for _ in range(80)]
        self.assertEqual(sum(self.served(client) for client in clients), 48)
        self.assertIn("the limit of 48 connections is reached", server.stderr())
        for client in clients:
            client.close()
        self.assert_eventually(lambda: self.serves_one_more(server), "places are free again")

    @in_every_style("echo", "tcp:127.0.0.1:0", "--no-limits", preexec_fn=descriptor_limit(40))
    def test_without_descriptors_it_waits_quietly_and_recovers(self, server):
        clients = [self.connect(server) for _ in range(60)]
        clients[0].sendall(b"x")
        self.assertEqual(clients[0].recv(1), b"x")
        server.wait_until_it_rests()
        used, start = server.cpu_seconds(), time.monotonic()
        select.select([], [], [], 2)
        self.assertLess((server.cpu_seconds() - used) / (time.monotonic() - start), 0.5 if has_sanitizer() else 0.05)
        for client in clients:
            client.close()
        start = time.monotonic()
        self.assert_echoes(server)
        self.assertLess(time.monotonic() - start, 5)

    def test_a_peer_has_its_limit(self):
        self.need("unshare")
        self.need("ip")
        script = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from bight_process import Server, exchange
for command in ("link set lo up", "addr add 192.0.2.1/32 dev lo"):
    subprocess.run(["ip", *command.split()], check=True)

def served(connection):
    try:
        connection.sendall(b"x")
        return connection.recv(1) == b"x"
    except ConnectionError:
        return False

for endpoint, more in (("tcp:192.0.2.1:0", []), ("tcp:192.0.2.1:0", ["--no-limits"]), ("tcp:127.0.0.1:0", [])):
    server = Server(["echo", "--listen", endpoint, "--max-conn", "16", "--style", sys.argv[2], *more], 1)
    clients = [server.connect() for _ in range(5)]
    print(sum(map(served, clients)), "of one peer is reached by 192.0.2.1:" in server.stderr())
    server.kill()
"""
        alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        probe = self.start(*alone, "ip", "link", "set", "lo", "up")
        if probe.finish()[0] != 0:
            self.skipTest("no network of its own here: " + probe.stderr().strip())
        support = SOURCE / "tests" / "support" / "python"
        for style in COUNTING:
            process = self.start(*alone, sys.executable, "-c", script, support, style)
            self.assertEqual(process.finish(), (0, b"2 True\n5 False\n5 False\n"), process.stderr())

    def test_select_stops_before_its_last_descriptor(self):
        self.allow_descriptors(1300)
        server = self.serve("echo", "--listen", "tcp:0", "--style", "select", "--no-limits")
        clients = [self.connect(server) for _ in range(1100)]
        server.wait_for_error("select() takes no descriptor above 1023")
        self.assertTrue(self.served(clients[0]))
        self.assertFalse(is_answered(clients[-1], b"y"))
        clients[0].close()
        for client in clients[1:200]:
            client.close()
        self.assertEqual(clients[-1].recv(1), b"y")
        for client in clients:
            client.close()
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.stderr().count("select() takes no"), 1)


def is_answered(connection, data):
    """Whether an answer to `data` comes soon."""
    connection.sendall(data)
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return waiting.poll(200)
