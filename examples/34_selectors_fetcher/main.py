# SPDX-License-Identifier: BSL-1.0
# Pages by HTTP, all at once and in one thread. Each connection is registered with what to do when it is ready: once
# writable, send the request; while readable, collect. The loop calls back, and ends when nothing is registered.

import errno
import os
import selectors
import socket
import sys

selector = selectors.DefaultSelector()  # over epoll


class Fetcher:
    def __init__(self, where, path):
        self.where, self.path, self.page = where, path, b""
        self.connection = socket.socket()
        self.connection.setblocking(False)
        number = self.connection.connect_ex(where)  # begins; how it went is known when it is writable
        if number in (0, errno.EINPROGRESS):
            selector.register(self.connection, selectors.EVENT_WRITE, self.ask)
        else:
            self.end(os.strerror(number).lower())

    def ask(self):
        if number := self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return self.end(os.strerror(number).lower())
        self.connection.sendall(
            f"GET {self.path} HTTP/1.0\r\nHost: {self.where[0]}\r\nConnection: close\r\n\r\n".encode())
        selector.modify(self.connection, selectors.EVENT_READ, self.collect)

    def collect(self):
        try:
            data = self.connection.recv(4096)
        except OSError as error:
            return self.end(error.strerror.lower())
        if not data:
            return self.end("complete")
        self.page += data

    def end(self, how):
        print(f"{self.path}: {how}", flush=True)
        if self.connection in selector.get_map():
            selector.unregister(self.connection)
        self.connection.close()


if len(sys.argv) < 4:
    sys.exit("usage: main.py HOST PORT PATH...")
fetchers = [Fetcher((sys.argv[1], int(sys.argv[2])), path) for path in sys.argv[3:]]
while selector.get_map():
    for key, ready in selector.select():
        key.data()
for fetcher in fetchers:
    status, _, rest = fetcher.page.partition(b"\r\n")
    body = rest.partition(b"\r\n\r\n")[2]
    print(f"{fetcher.path}: {status.decode()}, {len(body)} bytes", flush=True)
