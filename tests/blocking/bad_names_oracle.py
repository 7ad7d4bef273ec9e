# SPDX-License-Identifier: BSL-1.0
"""What CPython says to names that are none, one line each: CALL<TAB>NAME IN HEX<TAB>ANSWER.

An answer is "gai N" for a resolver's error, "value" for ValueError and OverflowError, "os" for another OSError, and
"ok". Bytes are given where CPython takes them, so that its codec for host names does not come before the resolver; but
for labels that the codec refuses, as the library does.
"""
import socket

LENGTHS = [0, 1, 63, 64, 107, 108, 109, 253, 254, 255, 256, 65536]
NAMES = [b"a" * n for n in LENGTHS]
NAMES += [(b"a" * 63 + b".") * 5 + b"b" * n for n in (1, 63, 64)]
NAMES += [b"127.0.0.1" + junk for junk in (b" evil", b"\n", b"x", b".", b"%lo", b"/8", b":80", b" ", b"\t127.0.0.2")]
NAMES += [b" 127.0.0.1", b"[::1]", b"::1]", b"::1%", b"::1 ", b"::1%no-such-interface", b":::", b"1.2.3", b"1.2.3.4.5",
          b"256.0.0.1", b"-1", b"80 ", b"80x", b"+80", b"0x50", b"65536", b"99999999999999999999", b"\xff\xfe", b"a..b", b"."]


def answer(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except socket.gaierror as error:
        return f"gai {error.errno}"
    except (ValueError, OverflowError):
        return "value"
    except OSError:
        return "os"
    return "ok"


def bind_unix(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(b"/nonexistent/" + path)


def connect_unix(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(b"/nonexistent/" + path)


def getaddrinfo(name):
    if name.isascii():
        name.decode().encode("idna")
    socket.getaddrinfo(name, None, flags=socket.AI_NUMERICHOST)


CALLS = {
    "getaddrinfo": getaddrinfo,
    "service": lambda name: socket.getaddrinfo(None, name, type=socket.SOCK_STREAM),
    "getservbyname": lambda name: socket.getservbyname(name.decode("latin-1")),
    "getprotobyname": lambda name: socket.getprotobyname(name.decode("latin-1")),
    "if_nametoindex": lambda name: socket.if_nametoindex(name.decode("latin-1")),
    "inet_aton": lambda name: socket.inet_aton(name.decode("latin-1")),
    "inet_pton": lambda name: socket.inet_pton(socket.AF_INET6, name.decode("latin-1")),
    "bind_unix": bind_unix,
    "connect_unix": connect_unix,
}

for call, function in CALLS.items():
    for name in NAMES:
        print(call, name.hex(), answer(function, name), sep="\t")
