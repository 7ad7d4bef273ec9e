# SPDX-License-Identifier: BSL-1.0
# Answers one line: "time" with the time, anything else in capitals. The handler has a file to read and a file to
# write, be it a connection or a datagram, so one class does for both. One client at a time.

import socketserver
import sys
from time import ctime


def answer_to(line):
    text = line.rstrip(b"\r\n")
    return ctime().encode() if text == b"time" else text.upper()


class Answer:
    def handle(self):
        print("asked by %s:%d" % self.client_address, flush=True)
        self.wfile.write(answer_to(self.rfile.readline()) + b"\r\n")


class StreamAnswer(Answer, socketserver.StreamRequestHandler):
    pass


class DatagramAnswer(Answer, socketserver.DatagramRequestHandler):
    pass


socketserver.TCPServer.allow_reuse_address = True
port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
if sys.argv[2:] == ["udp"]:
    server = socketserver.UDPServer(("127.0.0.1", port), DatagramAnswer)
else:
    server = socketserver.TCPServer(("127.0.0.1", port), StreamAnswer)
print("listening on %s:%d" % server.server_address, flush=True)
server.serve_forever()
