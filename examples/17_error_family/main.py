# SPDX-License-Identifier: BSL-1.0
# What can go wrong, and how to catch it: each kind by its own class, or all of them as OSError.

import os
import socket
from socket import AF_INET, SOCK_DGRAM


def fail(what, action, *arguments, **options):
    """Does what must fail, and says how it failed: the first class that fits is caught."""
    print(what + ": ", end="")
    try:
        action(*arguments, **options)
    except TimeoutError as error:  # socket.timeout is another name for it
        print("a timeout,", error)
    except socket.gaierror as error:
        print("an error of names, number", error.errno)
    except socket.herror:
        print("an error of hosts")
    except ConnectionError as error:
        print("an error of connections, number", error.errno)
    except OSError as error:  # and socket.error of this one
        print(f"another error, number {error.errno}, {os.strerror(error.errno)}")
    try:
        action(*arguments, **options)
    except OSError:
        print("  which is an OSError")


silent = socket.socket(AF_INET, SOCK_DGRAM)
silent.settimeout(0.01)
silent.bind(("127.0.0.1", 0))
fail("nobody sends", silent.recv, 1024)
fail("what is no number", socket.getaddrinfo, "www", 80, flags=socket.AI_NUMERICHOST)
fail("an address without a name", socket.gethostbyaddr, "192.0.2.255")

deaf = socket.socket()  # bound, so that the port is taken, but it does not listen
deaf.bind(("127.0.0.1", 0))
other = socket.socket()
fail("nobody listens", other.connect, deaf.getsockname())
fail("a port that is taken", other.bind, deaf.getsockname())

for each in silent, deaf, other:
    each.close()
