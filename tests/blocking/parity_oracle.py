# SPDX-License-Identifier: BSL-1.0
"""The public names of a module of CPython: parity_oracle.py MODULE.

Those of its classes come as `CLASS.NAME`, with the special methods that a program of theirs is written with; those of an
object whose class has no name, as `poll().NAME`.
"""
import selectors
import select
import socket
import socketserver
import sys

SPECIAL = {"__enter__", "__exit__"}


def public(thing, prefix="", special=frozenset()):
    return [prefix + name for name in dir(thing) if not name.startswith("_") or name in special]


def own(module):
    """Without what it imports."""
    return [name for name in public(module) if getattr(getattr(module, name), "__module__", module.__name__) == module.__name__
            and type(getattr(module, name)) is not type(sys)]


def names_of_selectors():
    names = own(selectors)
    for name in names:
        if name.endswith("Selector"):
            names = names + public(getattr(selectors, name), name + ".", SPECIAL)
            if "__init__" in dir(getattr(selectors, name)) and getattr(selectors, name).__init__ is not object.__init__:
                names.append(name + ".__init__")
    return names + ["SelectorKey." + field for field in selectors.SelectorKey._fields]


def names_of_socketserver():
    """What it calls public; the attributes that its handlers and servers get while they run are in no class."""
    names = [name for name in own(socketserver) if name in socketserver.__all__ or name == "ForkingMixIn"]
    for name in list(names):
        names += public(getattr(socketserver, name), name + ".", SPECIAL)
    return names


NAMES = {
    "socket": lambda: public(socket) + public(socket.socket, "socket."),
    "select": lambda: public(select) + public(select.epoll, "epoll.", SPECIAL) + public(select.poll(), "poll()."),
    "selectors": names_of_selectors,
    "socketserver": names_of_socketserver,
}

print(*NAMES[sys.argv[1]](), sep="\n")
