# SPDX-License-Identifier: BSL-1.0
"""`bight serve` in every style on every kind of stream, against other people's clients: every byte comes back, and the
client's half-close ends the connection."""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support" / "python"))

from bight_process import BIGHT, STYLES, BightTest, exchange, open_socket, parse_endpoint, sha256  # noqa: E402

ENDPOINTS = {
    "tcp4": "tcp:127.0.0.1:0",
    "tcp6": "tcp:[::1]:0",
    "unix": "unix:{folder}/echo.sock",
    "abstract": "unix:@bight-{pid}",
}


def ncat(kind, address):
    if kind == "unix":
        return ["ncat", "-U", address]
    return ["ncat", "-6" if kind == "tcp6" else "-4", address[0], str(address[1])]


def socat(kind, address):
    where = {"tcp4": "TCP4:{0[0]}:{0[1]}", "tcp6": "TCP6:[{0[0]}]:{0[1]}",
             "unix": "UNIX-CONNECT:{0}", "abstract": "ABSTRACT-CONNECT:{0}"}[kind]
    return ["socat", "-t", "10", "-", where.format(address.lstrip("\0") if isinstance(address, str) else address)]


def openbsd(kind, address):
    if kind == "unix":
        return ["nc.openbsd", "-N", "-U", address]
    return ["nc.openbsd", "-N", "-6" if kind == "tcp6" else "-4", address[0], str(address[1])]


def bight(kind, address):
    if kind in ("unix", "abstract"):
        return [BIGHT, "nc", "-U", address.replace("\0", "@")]
    return [BIGHT, "nc", address[0], str(address[1])]


COMMANDS = {"ncat": ncat, "socat": socat, "nc.openbsd": openbsd, "bight": bight}
NO_ABSTRACT = {"ncat", "nc.openbsd"}  # they know paths only


class EveryClient(BightTest):
    """One method for each style, kind of endpoint and client; they are made below."""

    def serve_echo(self, style, kind):
        endpoint = ENDPOINTS[kind].format(folder=self.folder, pid=os.getpid())
        return self.serve("echo", "--listen", endpoint, "--style", style)

    def check_command(self, style, kind, client):
        if client != "bight":
            self.need(client)
        server = self.serve_echo(style, kind)
        _, _, address = parse_endpoint(server.endpoint)
        for data in (b"a line\n", os.urandom(16 << 20), b""):
            process = self.start(*COMMANDS[client](kind, address))
            code, output = process.finish(data)
            self.assertEqual((code, len(output), sha256(output)), (0, len(data), sha256(data)), process.stderr())
        self.assertEqual(server.stop(), 0)
        self.assertIn("3 connections, 16777223 bytes in, 16777223 bytes out\n", server.stderr())

    def check_sockets(self, style, kind):
        server = self.serve_echo(style, kind)
        for data in (b"x", os.urandom(16 << 20), b""):
            with open_socket(server.endpoint) as connection:
                self.assertEqual(sha256(exchange(connection, data)), sha256(data))
        self.assertEqual(server.stop(), 0)

    def check_asyncio(self, style, kind):
        server = self.serve_echo(style, kind)
        data = os.urandom(1 << 20)

        async def client():
            reader, writer = await asyncio.open_connection(sock=open_socket(server.endpoint))
            writer.write(data)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

        self.assertEqual(sha256(asyncio.run(client())), sha256(data))
        self.assertEqual(server.stop(), 0)

    def check_curl(self, style):
        self.need("curl")
        server = self.serve_echo(style, "tcp4")
        _, _, (host, port) = parse_endpoint(server.endpoint)
        curl = self.start("curl", "--silent", "--no-buffer", f"telnet://{host}:{port}")
        curl.child.stdin.write(b"from curl\n")
        curl.read_until(lambda text: text == b"from curl\n")
        curl.stop()  # the end of its standard input means nothing to it
        self.assertEqual(server.stop(), 0)
        self.assertIn("1 connections, 10 bytes in, 10 bytes out\n", server.stderr())


def add(name, check, *arguments):
    setattr(EveryClient, "test_" + name.replace(".", "_"), lambda self: check(self, *arguments))


for style in STYLES:
    add(f"{style}_tcp4_curl", EveryClient.check_curl, style)
    for kind in ENDPOINTS:
        add(f"{style}_{kind}_sockets", EveryClient.check_sockets, style, kind)
        add(f"{style}_{kind}_asyncio", EveryClient.check_asyncio, style, kind)
        for client in COMMANDS:
            if kind != "abstract" or client not in NO_ABSTRACT:
                add(f"{style}_{kind}_{client}", EveryClient.check_command, style, kind, client)

del add  # and nothing else is left to be taken for a test
