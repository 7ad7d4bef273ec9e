# SPDX-License-Identifier: BSL-1.0
"""Clients that never try again, while the server that they talk to is replaced again and again (T-DRAIN)."""

import os
import socket
import subprocess
import threading

from bight_process import BIGHT, DEADLINE, Process, Server, parse_endpoint
from launching import with_sockets


class Load:
    """Threads that each make a connection a request, and keep what went wrong."""

    def __init__(self, endpoint, threads=3):
        self.family, self.kind, self.address = parse_endpoint(endpoint)
        self.answered = 0
        self.lost = []
        self._lock = threading.Condition()
        self._enough = False
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self, number):
        count = 0
        while not self._enough:
            count += 1
            text = b"request %d of %d" % (count, number)
            try:
                answer = self._ask(text)
                wrong = None if answer == text else f"{text}: {answer}"
            except OSError as error:
                wrong = f"{text}: {error}"
            with self._lock:
                self.answered += wrong is None
                if wrong:
                    self.lost.append(wrong)
                self._lock.notify_all()

    def _ask(self, text):
        with socket.socket(self.family, self.kind) as connection:
            connection.settimeout(DEADLINE)
            connection.connect(self.address)
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(1000), b""))

    def wait_for(self, count):
        """Until so many are answered, or one is lost."""
        with self._lock:
            if not self._lock.wait_for(lambda: self.lost or self.answered >= count, 30 * DEADLINE):
                raise AssertionError(f"only {self.answered} of {count} requests were answered")

    def stop(self):
        self._enough = True
        for thread in self._threads:
            thread.join(2 * DEADLINE)


def by_handover(test, style):
    """A server, and what makes the next one: both at the same path, each takes over from the one before."""
    def start():
        return test.keep(Server(["echo", "--listen", "tcp:0", "--handover", test.folder / "place", "--style", style], 1))

    def replace(before):
        after = start()
        test.assertEqual(after.endpoints, before.endpoints)
        test.assertEqual(before.wait(2 * DEADLINE), 0, before.stderr())
        return after

    return start(), replace


def by_inherited_listener(test, style):
    """The launcher keeps the listener; the old one gets its SIGTERM, and only then the new one is started."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    test.addCleanup(listener.close)

    def start():
        command, options = with_sockets([BIGHT, "serve", "echo", "--listen", "systemd:unknown", "--style", style], [listener])
        process = test.keep(Process(command, stdin=subprocess.DEVNULL, **options))
        line = process.read_until(lambda text: b"\n" in text).decode()
        process.endpoints = [line.strip().removeprefix("listening on ")]
        return process

    def replace(before):
        test.assertEqual(before.stop(), 0, before.stderr())
        return start()

    return start(), replace


def restart_under_load(test, begin, style, restarts, requests):
    """Of `requests` and more, none is lost. Returns how many there were."""
    server, replace = begin(test, style)
    descriptors = []
    load = Load(server.endpoints[0])
    try:
        for number in range(1, restarts + 1):
            load.wait_for(requests * number // (restarts + 1))
            server = replace(server)
        load.wait_for(requests)
    finally:
        load.stop()
    test.assertEqual(load.lost, [])
    test.assertGreaterEqual(load.answered, requests)
    descriptors = os.listdir(f"/proc/{server.pid}/fd")
    test.assertLess(len(descriptors), 32, descriptors)  # B102: nothing is left over from those before
    test.assertEqual(server.stop(), 0, server.stderr())
    return load.answered
