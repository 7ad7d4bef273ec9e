# SPDX-License-Identifier: BSL-1.0
# socketserver as a framework: four kinds of servers, each with threads and with processes. Which hooks are called, in
# which order, by whom; a request that is refused, a handler that fails, and a server made for one protocol.

import os
import shutil
import socket
import sys
import tempfile
import threading
from socketserver import (BaseRequestHandler, DatagramRequestHandler, ForkingMixIn, StreamRequestHandler, TCPServer,
                          ThreadingMixIn, UDPServer, UnixDatagramServer, UnixStreamServer)

# Hooks say their names here, from threads and child processes too.
said, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
main_process = os.getpid()


def say(hook):
    here = threading.current_thread() is threading.main_thread() and os.getpid() == main_process
    said.send(("here " if here else "there ").encode() + hook.encode())


def print_hooks():
    """What was said, in the order in which each side said it."""
    hooks = {"here": "", "there": ""}
    heard.setblocking(False)
    while True:
        try:
            side, hook = heard.recv(100).decode().split()
        except BlockingIOError:
            break
        hooks[side] += " " + hook
    print("  server: " + hooks["here"] + "\n  request:" + hooks["there"], flush=True)


class Logged:
    def server_bind(self):
        say("bind")
        super().server_bind()

    def server_activate(self):
        say("activate")
        super().server_activate()

    def get_request(self):
        say("get")
        return super().get_request()

    def verify_request(self, request, client_address):
        say("verify")
        return super().verify_request(request, client_address)

    def process_request(self, request, client_address):
        say("process")
        super().process_request(request, client_address)

    def finish_request(self, request, client_address):
        say("finish_request")
        super().finish_request(request, client_address)


class Shout:
    times = 0

    def setup(self):
        say("setup")
        super().setup()

    def handle(self):
        self.times += 1
        say(f"handle{self.times}")  # a new handler for each request
        self.wfile.write(self.rfile.readline().upper())

    def finish(self):
        say("finish")
        super().finish()


class ShoutStream(Shout, StreamRequestHandler):
    pass


class ShoutDatagram(Shout, DatagramRequestHandler):
    pass


folder = tempfile.mkdtemp(prefix="bight-")


def serve(name, mixin, server_class, handler, where):
    """Two requests, each of a client of its own, and each served by one call of handle_request()."""
    print(name, flush=True)
    logged = type("LoggedServer", (Logged, mixin, server_class), {})
    with logged(where, handler) as server:
        for word in "one", "two":
            with socket.socket(server.address_family, server.socket_type) as client:
                if server_class is UnixDatagramServer:
                    client.bind(os.path.join(folder, word))
                client.connect(server.server_address)
                client.sendall(word.encode() + b"\n")
                server.handle_request()
                answer = client.recv(100)
                while server.socket_type == socket.SOCK_STREAM and client.recv(100):
                    pass  # until its end: then the handler has finished
                print("  " + answer.decode(), end="", flush=True)
    print_hooks()
    for path in os.listdir(folder):
        os.unlink(os.path.join(folder, path))


class Picky(TCPServer):
    requests = 0

    def verify_request(self, request, client_address):
        self.requests += 1
        return self.requests % 2 == 0


class Clumsy(BaseRequestHandler):
    def handle(self):
        if self.request.recv(100) == b"fail":
            raise ValueError("cannot do that")
        self.request.sendall(b"well")


class Patient(TCPServer):
    def handle_error(self, request, client_address):
        print("  handle_error: %s" % sys.exc_info()[1], flush=True)


def ask(server, question):
    with socket.create_connection(server.server_address) as client:
        client.sendall(question.encode())
        client.shutdown(socket.SHUT_WR)
        server.handle_request()
        with client.makefile("rb") as answers:
            print("  answer: '%s'" % answers.read().decode(), flush=True)


class MailHandler(StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 post.example\n")
        for line in self.rfile:
            self.wfile.write({b"HELO": b"250 post.example\n", b"QUIT": b"221 goodbye\n"}.get(line[:4], b"500 what?\n"))
            if line.startswith(b"QUIT"):
                return


class MailServer(TCPServer):
    """At port 25 as such servers are, if it is given no other."""

    def __init__(self, host, port=25):
        super().__init__((host, port), MailHandler)


nowhere, path = ("127.0.0.1", 0), os.path.join(folder, "server")
serve("TCP, threads", ThreadingMixIn, TCPServer, ShoutStream, nowhere)
serve("TCP, processes", ForkingMixIn, TCPServer, ShoutStream, nowhere)
serve("UDP, threads", ThreadingMixIn, UDPServer, ShoutDatagram, nowhere)
serve("UDP, processes", ForkingMixIn, UDPServer, ShoutDatagram, nowhere)
serve("Unix streams, threads", ThreadingMixIn, UnixStreamServer, ShoutStream, path)
serve("Unix streams, processes", ForkingMixIn, UnixStreamServer, ShoutStream, path)
serve("Unix datagrams, threads", ThreadingMixIn, UnixDatagramServer, ShoutDatagram, path)
serve("Unix datagrams, processes", ForkingMixIn, UnixDatagramServer, ShoutDatagram, path)
shutil.rmtree(folder)

print("every other request is refused, quietly", flush=True)
with Picky(nowhere, ShoutStream) as picky:
    for word in "one", "two":
        ask(picky, word)
print("a handler that fails, and the next one", flush=True)
with Patient(nowhere, Clumsy) as patient:
    for word in "fail", "go on":
        ask(patient, word)
print("a mail server", flush=True)
with MailServer("127.0.0.1", 0) as mail:
    ask(mail, "HELO desk\nNOOP\nQUIT\n")
