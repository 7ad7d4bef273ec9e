# SPDX-License-Identifier: BSL-1.0
"""CPython's answers about names, to hold ours against. Lines `NAME<TAB>...` out; bytes are in hex.

    netdb_oracle.py services            each name and port of the database, with and without its protocol
    netdb_oracle.py protocols
    netdb_oracle.py text SEED COUNT     inet_aton, inet_pton and inet_ntop of random text and bytes
    netdb_oracle.py addrinfo            getaddrinfo over hosts, services, families, kinds and flags
    netdb_oracle.py nameinfo            getnameinfo over addresses and flags
    netdb_oracle.py hosts
"""
import itertools
import random
import socket
import sys

FLAGS = [0, socket.AI_PASSIVE, socket.AI_CANONNAME, socket.AI_NUMERICHOST, socket.AI_NUMERICSERV,
         socket.AI_V4MAPPED | socket.AI_ALL, socket.AI_PASSIVE | socket.AI_NUMERICHOST | socket.AI_NUMERICSERV]
HOSTS = [None, "", "localhost", "127.0.0.1", "::1", "::ffff:1.2.3.4", "127.1", "0x7f.1", "fe80::1%lo", "fe80::1%1",
         "no-such.invalid", "1.2.3.4.5", "fe80::1%no-such"]
UNKNOWN = HOSTS[-3:]  # for these a name server would be waited for, if they are not held to be numbers


def answer(function, *arguments):
    """What it returns, or the class and number of what it raises."""
    try:
        return function(*arguments)
    except OSError as error:
        number = error.errno if isinstance(error.errno, int) else 0
        return f"!{type(error).__name__} {number}"
    except (ValueError, OverflowError) as error:
        return f"!{type(error).__name__} 0"


def entries(path):
    with open(path) as file:
        for line in file:
            words = line.partition("#")[0].split()
            if len(words) >= 2:
                yield words


def services():
    for name, where, *aliases in entries("/etc/services"):
        port, protocol = where.split("/")
        for word in [name, *aliases]:
            for proto in (protocol, "-", "tcp", "udp", "no-such"):
                given = [] if proto == "-" else [proto]
                print("name", word, proto, answer(socket.getservbyname, word, *given), sep="\t")
        for proto in (protocol, "-"):
            given = [] if proto == "-" else [proto]
            print("port", port, proto, answer(socket.getservbyport, int(port), *given), sep="\t")
    for port in (-1, 0, 2, 65535, 65536):
        print("port", port, "-", answer(socket.getservbyport, port), sep="\t")


def protocols():
    for name, _, *aliases in entries("/etc/protocols"):
        for word in [name, *aliases, name + "x"]:
            print("protocol", word, answer(socket.getprotobyname, word), sep="\t")


def random_text(rng):
    def number():
        value = rng.choice([0, 1, 8, 9, 127, 255, 256, 65535, 65536, 2**24 - 1, 2**24, 2**32 - 1, 2**32, rng.randrange(300)])
        return rng.choice(["{:d}", "{:d}", "{:d}", "0x{:x}", "0X{:X}", "0{:o}", "{:03d}", "+{:d}", "-{:d}", " {:d}"]).format(value)

    def v6():
        groups = [format(rng.choice([0, 0, 1, 0xFFFF, rng.randrange(0x10000)]), rng.choice(["x", "X", "04x"])) for _ in range(8)]
        if rng.random() < 0.2:
            groups[6:] = [".".join(str(rng.randrange(256)) for _ in range(4))]
        if rng.random() < 0.6:
            start = rng.randrange(len(groups))
            return ":".join(groups[:start]) + "::" + ":".join(groups[rng.randrange(start, len(groups) + 1):])
        return ":".join(groups)

    kind = rng.random()
    if kind < 0.4:
        text = ".".join(str(rng.randrange(300)) for _ in range(4))
    elif kind < 0.75:
        text = ".".join(number() for _ in range(rng.choice([1, 2, 3, 4, 4, 4, 5])))
    else:
        text = v6()
    for _ in range(rng.choice([0, 0, 1, 2])):
        place = rng.randrange(len(text) + 1)
        piece = rng.choice(list("0123456789abcdefxX.:% \t\n+-g/") + ["::", "00", " evil", "0x"])
        text = text[:place] + piece + text[place + rng.choice([0, 1]):]
    return text


def shown(value):
    return value.hex() if isinstance(value, bytes) else value


def text(seed, count):
    rng = random.Random(int(seed))
    for _ in range(int(count)):
        word = random_text(rng)
        print("text", word.encode().hex(), shown(answer(socket.inet_aton, word)),
              shown(answer(socket.inet_pton, socket.AF_INET, word)),
              shown(answer(socket.inet_pton, socket.AF_INET6, word)), sep="\t")
        size = rng.choice([4, 4, 16, 16, 16, rng.randrange(20)])
        packed = bytes(rng.choice([0, 0, 0, 255, rng.randrange(256)]) for _ in range(size))
        print("bytes", packed.hex(), answer(socket.inet_ntoa, packed), answer(socket.inet_ntop, socket.AF_INET, packed),
              answer(socket.inet_ntop, socket.AF_INET6, packed), sep="\t")


def addrinfo():
    ports = [None, 0, 65535, "http", "80", "no-such"]
    kinds = [(0, 0), (socket.SOCK_STREAM, 0), (socket.SOCK_DGRAM, socket.IPPROTO_UDP), (99, 0),
             (socket.SOCK_STREAM, socket.IPPROTO_UDP), (0, socket.IPPROTO_TCP)]
    for host, port, family, (kind, proto), flags in itertools.product(
            HOSTS, ports, [0, socket.AF_INET, socket.AF_INET6, 77], kinds, FLAGS):
        if host in UNKNOWN and not flags & socket.AI_NUMERICHOST:
            continue
        found = answer(socket.getaddrinfo, host, port, family, kind, proto, flags)
        if isinstance(found, list):
            found = " ".join("{},{},{},{},{}".format(int(f), int(k), p, name, "/".join(map(str, where)))
                             for f, k, p, name, where in found)
        print("addrinfo", "-" if host is None else "=" + host, "-" if port is None else f"#{port}" if isinstance(port, int)
              else "=" + port, family, kind, proto, flags, found, sep="\t")


def nameinfo():
    wheres = [("127.0.0.1", 80), ("127.0.0.1", 53), ("127.0.0.1", 2), ("::1", 443, 0, 0), ("0.0.0.0", 0),
              ("255.255.255.255", 65535), ("::", 25, 0, 0), ("fe80::1", 22, 0, 1), ("fe80::1", 22, 5, 1),
              ("::ffff:127.0.0.1", 23, 0, 0)]
    bits = [socket.NI_NUMERICHOST, socket.NI_NUMERICSERV, socket.NI_DGRAM, socket.NI_NOFQDN, socket.NI_NAMEREQD]
    for where in wheres:
        for chosen in itertools.product([0, 1], repeat=len(bits)):
            flags = sum(bit for bit, on in zip(bits, chosen) if on)
            if where[0] not in ("127.0.0.1", "::1") and not flags & socket.NI_NUMERICHOST:
                continue  # a name server would be waited for
            found = answer(socket.getnameinfo, where, flags)
            print("nameinfo", *(where + (0, 0))[:4], flags, found if isinstance(found, str) else " ".join(found), sep="\t")


def hosts():
    names = ["", "localhost", "127.0.0.1", "127.0.0.2", "::1", "<broadcast>", "255.255.255.255", "no-such.invalid",
             "1.2.3.4.5", "127.1", "0.0.0.0", "::", " localhost ", socket.gethostname()]
    for name in names:
        for function in (socket.gethostbyname, socket.getfqdn, socket.gethostbyname_ex, socket.gethostbyaddr):
            found = answer(function, name)
            if isinstance(found, tuple):
                found = "{}|{}|{}".format(found[0], ",".join(found[1]), ",".join(found[2]))
            print(function.__name__, "=" + name, found, sep="\t")
    for index, name in socket.if_nameindex():
        print("interface", index, name, sep="\t")
    print("gethostname", socket.gethostname(), sep="\t")


globals()[sys.argv[1]](*sys.argv[2:])
