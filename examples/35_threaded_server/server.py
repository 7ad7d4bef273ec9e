# SPDX-License-Identifier: BSL-1.0
# A server with a thread for each client, in four steps: write a handler class, make a server with it, serve, and
# close. The handler is told the connection, who is there, and which server it works for.

import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        client = "%s:%d" % self.client_address
        print(client + " came to %s:%d\n" % self.server.server_address, end="", flush=True)
        while data := self.request.recv(1024):
            self.request.sendall(data + b" (received)")
        print(client + " left\n", end="", flush=True)


socketserver.ThreadingTCPServer.allow_reuse_address = True
server = socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Echo)
print("listening on %s:%d" % server.server_address, flush=True)
server.serve_forever()
server.server_close()
