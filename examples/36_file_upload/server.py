# SPDX-License-Identifier: BSL-1.0
# Receives files into a folder, each client in a thread of its own: checked, and under their names once they are
# complete. A client that fails ends its own connection only. What breaks is not kept here, as bight's does.

import hashlib
import os
import re
import socketserver
import struct
import sys
import tempfile

from protocol import (ANSWER, GO, GREETING, OFFER, PREFIX, VERDICTS, WHOLE, read_exactly, read_frame, sha256_of,
                      write_frame, write_number)

MAX_SIZE = 1_000_000
PLAIN_NAME = re.compile(r"[\w$%(][\w $%()-]*(\.[\w-]+)*", re.ASCII)


class Upload(socketserver.BaseRequestHandler):
    def handle(self):
        if read_exactly(self.request, len(GREETING)) != GREETING:
            raise ValueError("the peer speaks something else")
        while offer := read_frame(self.request, (OFFER,)):
            size, name = struct.unpack(">Q", offer[1][:8])[0], os.fsdecode(offer[1][8:])
            verdict = VERDICTS.index(self.receive(name, size))
            write_frame(self.request, ANSWER, bytes([verdict]))
            print(f"{name}, {size} bytes: {VERDICTS[verdict]}\n", end="", flush=True)

    def receive(self, name, size):
        path = os.path.join(sys.argv[2], name)
        if not PLAIN_NAME.fullmatch(name) or len(name) > 255:
            return "the name is refused"
        if size > MAX_SIZE:
            return "too large"
        if os.path.lexists(path):
            return "already there" if self.is_same(path, size) else "another file has the name"
        write_number(self.request, GO, 0)
        return self.receive_into(path, size)

    def is_same(self, path, size):
        if not os.path.isfile(path) or os.path.islink(path) or os.path.getsize(path) != size:
            return False
        if size == 0:
            return True
        write_number(self.request, GO, size)
        return read_frame(self.request, (PREFIX,))[1] == sha256_of(path, size)

    def receive_into(self, path, size):
        with tempfile.NamedTemporaryFile(dir=sys.argv[2], prefix=".") as part:
            digest = hashlib.sha256()
            while size > 0:
                data = self.request.recv(min(1 << 16, size))
                if not data:
                    raise ConnectionResetError("the client has ended")
                part.write(data)
                digest.update(data)
                size -= len(data)
            part.flush()
            if read_frame(self.request, (WHOLE,))[1] != digest.digest():
                return "the checksums differ"
            os.fsync(part.fileno())
            try:
                os.link(part.name, path)  # which replaces nothing
            except FileExistsError:
                return "another file has the name"
        return "received"


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        print("a connection broke\n", end="", flush=True)


if len(sys.argv) < 3:
    sys.exit("usage: server.py PORT FOLDER")
server = Server(("127.0.0.1", int(sys.argv[1])), Upload)
print("listening on %s:%d" % server.server_address, flush=True)
server.serve_forever()
