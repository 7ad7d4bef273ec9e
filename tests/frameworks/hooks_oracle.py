# SPDX-License-Identifier: BSL-1.0
"""The order in which CPython's servers call their hooks: one line for each scenario, `name: hook hook ... | hook ...`,
those of child processes after the bar."""
import os
import socket
import socketserver
import sys


class Calls:
    def __init__(self):
        self.process = os.getpid()
        self.here = []
        self.reader, self.writer = os.pipe()

    def append(self, name):
        if os.getpid() == self.process:
            self.here.append(name)
        else:
            os.write(self.writer, name.encode() + b" ")

    def text(self):
        os.close(self.writer)  # the last end, once the children are gone
        with open(self.reader) as children:
            return f"{' '.join(self.here)} | {children.read()}".rstrip()


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.server.calls.append("setup")

    def handle(self):
        self.server.calls.append("handle")
        if self.server.scenario in ("error", "worse"):
            raise ValueError("a bug")
        if self.server.scenario == "exit":
            raise SystemExit

    def finish(self):
        self.server.calls.append("finish")


def traced(base):
    class Traced(base):
        def __init__(self, address, scenario):
            self.calls = Calls()
            self.scenario = scenario
            super().__init__(address, Handler)

        def verify_request(self, request, client_address):
            self.calls.append("verify_request")
            return self.scenario != "refused"

        def handle_error(self, request, client_address):
            self.calls.append("handle_error")
            if self.scenario == "worse":
                raise ValueError("another")

    def trace(name):
        inner = getattr(base, name)

        def hook(self, *arguments, **keywords):
            self.calls.append(name)
            return inner(self, *arguments, **keywords)

        return hook

    for name in ("server_bind", "server_activate", "get_request", "process_request", "finish_request",
                 "shutdown_request", "close_request", "handle_timeout"):
        setattr(Traced, name, trace(name))

    def server_close(self):
        base.server_close(self)  # waits for the handlers: only its end has a place in the order
        self.calls.append("server_close")

    Traced.server_close = server_close
    return Traced


def play(base, scenario):
    unix = base.address_family == socket.AF_UNIX
    with traced(base)("" if unix else ("127.0.0.1", 0), scenario) as server:
        kind = socket.SOCK_STREAM if base.socket_type == socket.SOCK_STREAM else socket.SOCK_DGRAM
        with socket.socket(base.address_family, kind) as client:
            if scenario == "timeout":
                server.timeout = 0.005
            else:
                client.connect(server.server_address)
                client.send(b"x")
            server.handle_request()
        calls = server.calls
    return calls.text()


def report(base, *more):
    for scenario in ("served", "error", "refused", "timeout", *more):
        print(f"{base.__name__} {scenario}: {play(base, scenario)}", flush=True)


class ForkingUnixStreamServer(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """Python has it since 3.12."""


class ForkingUnixDatagramServer(socketserver.ForkingMixIn, socketserver.UnixDatagramServer):
    """As above."""


report(socketserver.TCPServer)
report(socketserver.UDPServer)
report(socketserver.ThreadingTCPServer)
report(socketserver.ThreadingUDPServer)
sys.stderr = open(os.devnull, "w")  # an error of handle_error() is a traceback
report(socketserver.ForkingTCPServer, "worse", "exit")
report(socketserver.ForkingUDPServer, "worse", "exit")
report(socketserver.ThreadingUnixStreamServer)
report(socketserver.ThreadingUnixDatagramServer)
report(ForkingUnixStreamServer, "worse", "exit")
report(ForkingUnixDatagramServer, "worse", "exit")
