# SPDX-License-Identifier: BSL-1.0
"""Child processes that talk in lines, and plain sockets that visit them. Nothing here sleeps: every wait is for a line
or an end, with a deadline."""

import os
import select
import socket
import struct
import subprocess
import tempfile
import threading
import time

DEADLINE = 10  # seconds for any one wait


class Program:
    """A child process: what it writes is read as it comes, and kept with what was typed, which begins with "> "."""

    def __init__(self, name, command, stdin=subprocess.PIPE):
        self.name = name
        self.lines = []
        self._ended = False
        self._changed = threading.Condition()
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen([str(word) for word in command], stdin=stdin, stdout=subprocess.PIPE,
                                         stderr=self._errors, encoding="utf-8")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, text, times=1):
        """The line in which `text` stands for the `times`-th time."""
        def found():
            return [line for line in self.lines if text in line][times - 1:times]

        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended, DEADLINE)
            if not found():
                raise AssertionError(f"{self.name}: no line number {times} with {text!r}\n{self._story()}")
            return found()[0]

    def type(self, line):
        """Types a line, and returns how many lines there are now."""
        with self._changed:
            self.lines.append("> " + line)
            known = len(self.lines)
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return known

    def ask(self, line):
        """Types a line, and returns the one that comes back."""
        known = self.type(line)
        with self._changed:
            self._changed.wait_for(lambda: len(self.lines) > known or self._ended, DEADLINE)
            if len(self.lines) == known:
                raise AssertionError(f"{self.name}: no answer\n{self._story()}")
            return self.lines[known]

    def finish(self):
        """Ends the standard input, and waits until the program has ended well."""
        if self._process.stdin:
            self._process.stdin.close()
        status = self._process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        if status != 0 or self._stderr():
            raise AssertionError(f"{self.name}: exit status {status}\n{self._story()}")

    def kill(self):
        """Ends the program, whatever it does. To have failed already, or to have complained, is an error."""
        if self._errors.closed:
            return
        status = self._process.poll()
        if status is None:
            self._process.terminate()
            try:
                self._process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(DEADLINE)
        self._process.stdout.close()
        try:
            if self._process.stdin:
                self._process.stdin.close()
        except BrokenPipeError:
            pass  # something was typed that nobody read any more
        errors = self._stderr()
        self._errors.close()
        if status or errors:
            ended = "" if status is None else f" ended with status {status}, and"
            raise AssertionError(f"{self.name}{ended} wrote to standard error:\n{errors}")

    @property
    def pid(self):
        return self._process.pid

    def runs(self):
        return self._process.poll() is None

    def cpu_seconds(self):
        """The processor time it has used so far."""
        with open(f"/proc/{self._process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cpu_share(self, seconds=1.0):
        """The part of one processor that it uses over the next `seconds`."""
        before, start = self.cpu_seconds(), time.monotonic()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return (self.cpu_seconds() - before) / (time.monotonic() - start)
        raise AssertionError(f"{self.name}: ended\n{self._story()}")

    def _stderr(self):
        self._errors.seek(0)
        return self._errors.read()

    def _story(self):
        return "\n".join(["it said:", *self.lines, "standard error:", self._stderr()])


class Visitor:
    """A plain connection from the script itself, for what a well-behaved client would not do."""

    def __init__(self, name, connection):
        self.name = name
        self.lines = []
        self._connection = connection
        connection.settimeout(DEADLINE)

    @classmethod
    def of_port(cls, name, port):
        return cls(name, socket.create_connection(("127.0.0.1", port), timeout=DEADLINE))

    def type(self, text):
        self.lines.append("> " + text)
        self._connection.sendall(text.encode())

    def ask(self, text):
        self.type(text)
        return self.listen()

    def listen(self):
        heard = self._connection.recv(65536).decode()
        self.lines.append(heard.rstrip("\n"))
        return heard

    def hears_nothing(self):
        return not select.select([self._connection], [], [], 0)[0]

    def reset(self):
        """Closes so that the peer gets ECONNRESET."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def kill(self):
        self._connection.close()
