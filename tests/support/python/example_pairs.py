# SPDX-License-Identifier: BSL-1.0
"""The programs of examples/ as pairs of processes over loopback: one scenario for each, played by C++ and Python alike.

A new example needs its folder and one @scenario function here; the tests and tools/tour find it in SCENARIOS.
"""

import collections
import itertools
import re
import sys
import time
from pathlib import Path

from programs import Program, Visitor

SOURCE = Path(__file__).resolve().parents[3]
CPP, PYTHON = "C++", "Python"

Scenario = collections.namedtuple("Scenario", "number example title script")
SCENARIOS = []


def scenario(example, title):
    def keep(script):
        SCENARIOS.append(Scenario(example.partition("_")[0], example, title, script))
        return script
    return keep


def find(number):
    return next(scenario for scenario in SCENARIOS if scenario.number == number)


class Play:
    """One run of an example, its programs in the languages given. Leaving the `with` block ends whatever still runs."""

    def __init__(self, example, server, client, build):
        self._example = example
        self._languages = {"server": server, "client": client}
        self._build = Path(build)
        self._port = None
        self._cast = []

    def server(self, *arguments, port=0):
        server = self._start("server", port, *arguments)
        server.port = self._port = port_in(server.wait_for("listening on "))
        return server

    def client(self, *arguments):
        """A client of the server that was started last."""
        return self._start("client", "127.0.0.1", self._port, *arguments)

    def visitor(self):
        return self._keep(Visitor("visitor", self._port))

    def _start(self, role, *arguments):
        if self._languages[role] == PYTHON:
            command = [sys.executable, "-u", SOURCE / "examples" / self._example / f"{role}.py"]
        else:
            command = [self._build / "examples" / f"{self._example}_{role}"]
        return self._keep(Program(role, command + list(arguments)))

    def _keep(self, member):
        self._cast.append(member)
        return member

    def transcript(self):
        """(who, lines) for each that took part, in order of appearance."""
        return [(member.name, list(member.lines)) for member in self._cast]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        problems = []
        for member in reversed(self._cast):
            try:
                member.kill()
            except AssertionError as problem:
                problems.append(str(problem))
        if error:
            for problem in problems:
                error.add_note(problem)
        elif problems:
            raise AssertionError("\n".join(problems))


def play(scenario, server, client, build):
    """The transcript of one run."""
    with Play(scenario.example, server, client, build) as stage:
        scenario.script(stage)
    return stage.transcript()


def text_of(transcript):
    return [f"{who if i == 0 else '':8}{line}".rstrip() for who, lines in transcript for i, line in enumerate(lines)]


ADDRESS = re.compile(r"127\.0\.0\.1:(\d+)")
NEWCOMER = re.compile(r"(listening on|datagrams to|connected from|asked by) | came to ")
MOMENT = re.compile(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}")


def masked(transcript):
    """The transcript as lines without what differs from run to run. Ports get numbers, a new one for each newcomer, for
    the kernel may hand out a port again. The time becomes TIME where it is well formed and about now."""
    numbers = itertools.count(1)
    ports = {}

    def port(match):
        if match[1] not in ports:
            ports[match[1]] = f"127.0.0.1:PORT{next(numbers)}"
        return ports[match[1]]

    def moment(match):
        return "TIME" if abs(time.mktime(time.strptime(match[0])) - time.time()) < 60 else match[0]

    lines = []
    for line in text_of(transcript):
        if NEWCOMER.search(line):
            ports.pop(ADDRESS.search(line)[1], None)
        lines.append(MOMENT.sub(moment, ADDRESS.sub(port, line)))
    return lines


def port_in(line):
    return int(line.rpartition(":")[2])


# ---- The scenarios. Each waits until the server has said what happened before it goes on, so there is one order. -----

@scenario("22_accept_loop", "accept on a listener that never blocks, waiting by select")
def accept_loop(stage):
    server = stage.server()
    for turn in (1, 2):
        server.wait_for("would block", turn)
        stage.client().finish()
    server.wait_for("would block", 3)


@scenario("25_half_close", "half a connection closed: the other half still answers")
def half_close(stage):
    server = stage.server()
    stage.client().finish()
    server.wait_for("has finished")


@scenario("28_two_terminals", "two terminals: 31 bytes over a stream, a postcard by connected UDP")
def two_terminals(stage):
    server = stage.server()
    stage.client(port_in(server.wait_for("datagrams to "))).finish()
    server.finish()


@scenario("29_smallest_pair", "the smallest server and client")
def smallest_pair(stage):
    server = stage.server()
    for turn in (1, 2):
        stage.client().finish()
        server.wait_for("connected", turn)


@scenario("30_iterative_echo", "echo for one client at a time; a reset ends that client only")
def iterative_echo(stage):
    server = stage.server()
    first = stage.client()
    first.ask("one")
    waiting = stage.visitor()
    waiting.type("patience")
    first.ask("two")
    assert waiting.hears_nothing(), "served while another client was there"
    first.finish()
    server.wait_for("left")
    waiting.listen()
    waiting.reset()
    server.wait_for("broke the connection")
    last = stage.client()
    last.ask("still there?")
    last.type("")
    last.finish()
    server.wait_for("left", 2)


@scenario("31_timestamp_tcp", "timestamps over TCP")
def timestamp_tcp(stage):
    server = stage.server()
    for turn in (1, 2):
        client = stage.client()
        client.ask("what time is it?")
        client.ask("and now?")
        client.type("")
        client.finish()
        server.wait_for("left", turn)


@scenario("32_timestamp_udp", "timestamps over UDP")
def timestamp_udp(stage):
    server = stage.server()
    one, two = stage.client(), stage.client()
    for turn, client in enumerate((one, two, one, two), 1):
        client.ask(f"question {turn}")
        server.wait_for("bytes from", turn)
    one.type("")
    for client in one, two:
        client.finish()


@scenario("33_select_server", "select: many clients, a queue of answers for each")
def select_server(stage):
    server = stage.server()
    visitor = stage.visitor()
    for turn, pause in enumerate(("0", "0.01"), 1):
        visitor.ask(f"here {turn}")
        stage.client(pause).finish()
        server.wait_for(" left", turn)
    visitor.ask("here 3")
    visitor.reset()
    server.wait_for("broke the connection")


@scenario("35_threaded_server", "a thread for each of three clients")
def threaded_server(stage):
    server = stage.server()
    clients = []
    for turn in (1, 2, 3):
        clients.append(stage.client())
        server.wait_for("came to", turn)
    for client in reversed(clients):
        client.ask("are we all here?")
    for turn, client in enumerate(clients, 1):
        client.ask("one by one")
        client.finish()
        server.wait_for("left", turn)


@scenario("37_line_handler", "a line and its answer by files, over TCP and over UDP")
def line_handler(stage):
    for protocol in ("tcp", "udp"):
        server = stage.server(protocol)
        client = stage.client(protocol)
        for turn, line in enumerate(("hello there", "time", "goodbye"), 1):
            client.ask(line)
            server.wait_for("asked by", turn)
        client.type("")
        client.finish()
