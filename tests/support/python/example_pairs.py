# SPDX-License-Identifier: BSL-1.0
"""The programs of examples/ as processes: one scenario for each example, played by C++ and Python alike.

A new example needs its folder, its row in examples/README.md and one @scenario function here; the tests and tools/tour
find it in SCENARIOS.
"""

import collections
import contextlib
import itertools
import re
import socket
import sys
import tempfile
import time
import unittest
from pathlib import Path

from programs import DEADLINE, Program, Visitor
from worlds import CABLE, World

SOURCE = Path(__file__).resolve().parents[3]
CPP, PYTHON = "C++", "Python"


class Scenario(collections.namedtuple("Scenario", "number example title script")):
    @property
    def sides(self):
        """The programs of the example: ["main"], or two that talk, such as ["client", "server"]."""
        return sorted(path.stem for path in (SOURCE / "examples" / self.example).glob("*.cpp"))


SCENARIOS = []


def scenario(example, title):
    def keep(script):
        SCENARIOS.append(Scenario(example.partition("_")[0], example, title, script))
        return script
    return keep


def find(number):
    return next(scenario for scenario in SCENARIOS if scenario.number == number)


class Play:
    """One run of an example: all in one language, or for each side its own. Leaving the `with` block ends what still
    runs."""

    def __init__(self, scenario, languages, build):
        self._example = scenario.example
        self._languages = languages if isinstance(languages, dict) else dict.fromkeys(scenario.sides, languages)
        self._build = Path(build).resolve()
        self._port = None
        self._cast = []
        self._prefix = []
        self._worlds = contextlib.ExitStack()

    def world(self, network=None):
        """From here on programs run on a machine of their own; skips where the system has none to give."""
        world = World(network)
        self._worlds.callback(world.close)
        self._prefix = world.prefix

    def need_openssl(self):
        if not list(self._build.glob("libbight_openssl.*")):
            raise unittest.SkipTest("built without OpenSSL")

    def run(self, *arguments, **options):
        """An example that is one program, from its start to its end."""
        program = self._start("main", *arguments, **options)
        program.finish()
        return program

    def begin(self, *arguments):
        """The same, and it goes on."""
        return self._start("main", *arguments)

    def run_on_a_socket(self, greeting):
        """The same as inetd does it: its standard input is a connection to a visitor, who has said something."""
        ours, theirs = socket.socketpair()
        with theirs:
            visitor = self._keep(Visitor("visitor", ours))
            visitor.type(greeting)
            self.run(stdin=theirs)
        visitor.listen()

    def server(self, *arguments, port=0, side="server"):
        server = self._start(side, port, *arguments)
        server.port = self._port = port_in(server.wait_for("listening on "))
        return server

    def client(self, *arguments, host="127.0.0.1", side="client"):
        """A client of the server that was started last."""
        return self._start(side, host, self._port, *arguments)

    def visitor(self):
        return self._keep(Visitor.of_port("visitor", self._port))

    def _start(self, side, *arguments, **options):
        if self._languages[side] == PYTHON:
            command = [sys.executable, "-u", SOURCE / "examples" / self._example / f"{side}.py"]
        else:
            name = self._example if side == "main" else f"{self._example}_{side}"
            command = [self._build / "examples" / name]
        return self._keep(Program(side, [*self._prefix, *command, *arguments], **options))

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
        with self._worlds:
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


def play(scenario, languages, build):
    """The transcript of one run."""
    with Play(scenario, languages, build) as stage:
        scenario.script(stage)
    return stage.transcript()


def text_of(transcript):
    return [f"{who if i == 0 else '':9}{line}".rstrip() for who, lines in transcript for i, line in enumerate(lines)]


ADDRESS = re.compile(r"(\d+\.\d+\.\d+\.\d+):(\d{5})")  # the ports that the kernel chooses have five digits
NEWCOMER = re.compile(r"(listening on|datagrams to|connected from|asked by) | came to ")
TOOK = re.compile(r"after [\d.e-]+ ms")
MOMENT = re.compile(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}")


def masked(transcript):
    """The transcript as lines without what differs from run to run. Ports get numbers, a new one for each newcomer, for
    the kernel may hand out a port again. The time becomes TIME where it is well formed and about now."""
    numbers = itertools.count(1)
    ports = {}

    def port(match):
        if match[2] not in ports:
            ports[match[2]] = f"PORT{next(numbers)}"
        return f"{match[1]}:{ports[match[2]]}"

    def moment(match):
        return "TIME" if abs(time.mktime(time.strptime(match[0])) - time.time()) < 60 else match[0]

    lines = []
    for line in text_of(transcript):
        if NEWCOMER.search(line):
            ports.pop(ADDRESS.search(line)[2], None)
        lines.append(TOOK.sub("after TIME", MOMENT.sub(moment, ADDRESS.sub(port, line))))
    return lines


def port_in(line):
    return int(line.rpartition(":")[2])


# ---- One program each. -----------------------------------------------------------------------------------------------

@scenario("01_host_names", "names of hosts, known and unknown, and their addresses")
def host_names(stage):
    stage.world()
    stage.run()
    stage.run("terminal", "www.library.example", "desk", "192.0.2.99", "nobody")


@scenario("02_extended_lookup", "a host with other names, another with fifteen addresses")
def extended_lookup(stage):
    stage.world()
    stage.run("www", "cache.mirror.example", "192.0.2.20", "nobody")


@scenario("03_full_names", "full names of hosts, this one's included")
def full_names(stage):
    stage.world()
    stage.run("www", "desk", "lighthouse", "nobody", "192.0.2.20", "2001:db8::20")


@scenario("04_reverse_lookup", "from addresses to names, IPv4 and IPv6")
def reverse_lookup(stage):
    stage.world()
    stage.run("192.0.2.10", "2001:db8::20", "192.0.2.99", "2001:db8::99", "nobody")


@scenario("05_service_to_port", "names of services and their ports")
def service_to_port(stage):
    stage.run()


@scenario("06_port_to_service", "ports and the names of their services")
def port_to_service(stage):
    stage.run()


@scenario("07_protocols", "names of protocols, their numbers and constants")
def protocols(stage):
    stage.run()


@scenario("08_address_info", "every way to reach a host, field by field")
def address_info(stage):
    stage.world()
    stage.run("www.library.example")


@scenario("09_filtered_info", "only those ways to reach a host that are wanted")
def filtered_info(stage):
    stage.world()
    stage.run("www")


@scenario("10_name_info", "from a socket's address to names, or to numbers")
def name_info(stage):
    stage.world()
    stage.run("192.0.2.20")
    stage.run("2001:db8::20")
    stage.run("desk")


@scenario("11_packed_ipv4", "IPv4 addresses as four bytes")
def packed_ipv4(stage):
    stage.run()


@scenario("12_packed_ipv6", "IPv6 addresses as sixteen bytes")
def packed_ipv6(stage):
    stage.run()


@scenario("13_address_object", "an address as an object, and as a literal")
def address_object(stage):
    stage.run()


@scenario("14_networks", "networks: validated, compared, divided, walked lazily")
def networks(stage):
    stage.run()


@scenario("15_byte_order", "numbers in the byte order of the network")
def byte_order(stage):
    stage.run()


@scenario("16_special_addresses", "addresses and ports that are set apart")
def special_addresses(stage):
    stage.run()


@scenario("17_error_family", "four kinds of errors, and the one that they are")
def error_family(stage):
    stage.world()
    stage.run()


@scenario("18_constants", "constants of the platform: families, kinds, flags")
def constants(stage):
    stage.run()


@scenario("19_make_sockets", "ways to come by a socket; started by inetd")
def make_sockets(stage):
    stage.run()
    stage.run_on_a_socket("hello")


@scenario("20_every_day", "the methods of a socket that are used every day")
def every_day(stage):
    stage.run()


@scenario("21_blocking_modes", "waiting: as long as it takes, not at all, up to a limit")
def blocking_modes(stage):
    stage.run()


@scenario("23_options", "options: numbers, and structures as bytes")
def options(stage):
    stage.run()


@scenario("24_receive_flags", "peek, urgent data, and no routing")
def receive_flags(stage):
    stage.run()


@scenario("26_file_view", "a connection as a file; each may be closed alone")
def file_view(stage):
    stage.run()


@scenario("27_send_until_gone", "send until the message is gone, and sendall")
def send_until_gone(stage):
    stage.run()


@scenario("38_server_framework", "eight kinds of servers and the order of their hooks; a refusal, an error, mail")
def server_framework(stage):
    stage.run()


@scenario("ping", "over a raw socket, to IPv4 and IPv6")
def ping(stage):
    stage.world(network=CABLE)
    stage.run("127.0.0.1")
    stage.run("::1", "2")
    stage.run("192.0.2.9", "1", "50")  # which nobody has


# ---- Two sides each. A script waits until the server has said what happened before it goes on, so there is one order.

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


def fetch_pages(stage):
    pages = {"/large": b"page " * 200_000, "/small": b"a word", "/none": b""}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE)
        fetcher = stage.begin("127.0.0.1", listener.getsockname()[1], *pages)
        clients = {}
        for _ in pages:  # all of them have asked before one is answered
            client, _ = listener.accept()
            client.settimeout(DEADLINE)
            with client.makefile("rb") as lines:
                request = b"".join(iter(lines.readline, b"\r\n")).decode()
            path = request.split()[1]
            assert request == f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n", request
            clients[path] = client
        for path in ("/small", "/none", "/large"):
            with clients[path] as client:
                client.sendall(b"HTTP/1.0 200 OK\r\nServer: script\r\n\r\n" + pages[path])
            fetcher.wait_for(path + ": complete")
        fetcher.finish()
    with socket.socket() as nobody:  # has a port, and does not listen
        nobody.bind(("127.0.0.1", 0))
        stage.run("127.0.0.1", nobody.getsockname()[1], "/nobody")


@scenario("34_selectors_fetcher", "selectors: pages by HTTP at once, a callback in each key")
def selectors_fetcher(stage):
    fetch_pages(stage)


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


@scenario("36_file_upload", "files uploaded: checked, refused, there already; a client that breaks off")
def file_upload(stage):
    stage.need_openssl()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inbox").mkdir()
        sizes = {"picture.png": 18964, "empty": 0, ".profile": 10, "large.tar": 1_000_001, "other/empty": 1}
        (folder / "other").mkdir()
        for file, size in sizes.items():
            (folder / file).write_bytes(bytes(i * i % 251 for i in range(size)))
        server = stage.server(folder / "inbox")
        stage.client(*(folder / file for file in sizes), folder / "picture.png").finish()
        server.wait_for(" bytes: ", 6)
        visitor = stage.visitor()
        visitor.type("GET / HTTP/1.0")
        visitor.reset()
        server.wait_for("broke")
        stage.client(folder / "empty").finish()
        server.wait_for(" bytes: ", 7)
        assert sorted(path.name for path in (folder / "inbox").iterdir()) == ["empty", "picture.png"]
        for file in "empty", "picture.png":
            assert (folder / "inbox" / file).read_bytes() == (folder / file).read_bytes()


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


@scenario("41_async_echo", "asyncio: a server and its clients as coroutines, a limit")
def async_echo(stage):
    stage.run()


@scenario("42_async_fetcher", "asyncio: the fetcher as coroutines")
def async_fetcher(stage):
    fetch_pages(stage)


@scenario("43_async_forwarder", "asyncio: two connections pumped into each other")
def async_forwarder(stage):
    stage.run()


@scenario("broadcast", "to everybody on the network, and who answers")
def broadcast(stage):
    stage.world(network=CABLE)
    receiver = stage.server(side="receiver")
    stage.client(host="192.0.2.255", side="sender").finish()
    receiver.wait_for("called")


SCENARIOS.sort()  # by number, whichever way they are written down here
