# SPDX-License-Identifier: BSL-1.0
# A socket waits as long as it takes, not at all, or up to a limit. What would wait and what waited too long are two
# different errors, and connect() has the limit too.

import socket
from socket import AF_INET, SOCK_DGRAM


def show(what, s):
    limit = "no limit" if s.gettimeout() is None else f"limit {s.gettimeout():g}"
    print(f"{what}: {limit}, {'blocking' if s.getblocking() else 'non-blocking'}")


with socket.socket(AF_INET, SOCK_DGRAM) as s:
    s.bind(("127.0.0.1", 0))
    show("new", s)
    s.setblocking(False)
    show("setblocking(false)", s)
    s.settimeout(None)
    show("settimeout(nullopt)", s)
    s.settimeout(0)
    show("settimeout(0s)", s)
    try:
        s.recv(1024)
    except BlockingIOError:
        print("recv would block")
    s.settimeout(0.0125)
    show("settimeout(12500us)", s)
    try:
        s.recv(1024)
    except TimeoutError:
        print("recv timed out")

socket.setdefaulttimeout(2.5)
with socket.socket() as s:
    show("new, after setdefaulttimeout(2500ms)", s)
socket.setdefaulttimeout(None)

with socket.socket() as crowded, socket.socket() as first, socket.socket() as second:
    crowded.bind(("127.0.0.1", 0))
    crowded.listen(0)  # a queue for one, and nobody accepts
    first.connect(crowded.getsockname())
    second.settimeout(0.1)
    try:
        second.connect(crowded.getsockname())
    except TimeoutError:
        print("connect timed out")
