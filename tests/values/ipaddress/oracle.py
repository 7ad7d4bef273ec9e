#SPDX - License - Identifier : BSL - 1.0
"""CPython's answers about random texts and operations: `KIND SEED COUNT` in, one line a case out.

A line is the case and then pairs of NAME and ANSWER for all that was asked, with tabs between. Text that is asked about
is in hex, so that it may hold anything, and so are answers that are not plain. `refused` is an answer too: for texts with
the kind of the error, and the message where the text is plain.
"""
import ipaddress
import itertools
import random
import sys

PROPERTIES = ["is_multicast", "is_reserved", "is_unspecified", "is_loopback", "is_link_local", "is_private", "is_global",
              "is_site_local"]
FORMATS = ["", "s", "b", "x", "X", "n", "#b", "_b", "#_x", "#X", "_n", "#_n", ">50s", "*^60s", ".5s", "040s", "é<45.20s",
           "d", "#s", "_#x", "xx", "=9s", "+x", "5x", "<s", " s", " >60s"]


class Texts:
    """Random texts: right, nearly right, and meant to do harm."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def ipv4(self):
        octets = [str(self.rng.choice([0, 1, 9, 10, 99, 100, 127, 169, 172, 192, 224, 240, 255, self.rng.randrange(256)]))
                  for _ in range(4)]
        if self.rng.random() < 0.1:
            octets[self.rng.randrange(4)] = self.rng.choice(
                ["00", "01", "001", "0001", "256", "300", "999", "1000", "", "+1", "-1", " 1", "1 ", "0x1", "1e1", "1_0",
                 "\u0661", "\uff11", "\x00", "1\x00"])
        return ".".join(octets)

    def known(self):
        """In or next to a block that matters."""
        block = ipaddress.ip_network(self.rng.choice(KNOWN))
        first, last = int(block[0]), int(block[-1])
        value = self.rng.choice([first, last, first - 1, last + 1, self.rng.randint(first, last)])
        kind = type(block[0])
        return str(kind(min(max(value, 0), kind._ALL_ONES)))

    def ipv6(self):
        groups = [format(self.rng.choice([0, 0, 1, 0xFFFF, self.rng.randrange(0x10000), self.rng.randrange(256)]),
                         self.rng.choice(["x", "x", "X", "04x"])) for _ in range(8)]
        if self.rng.random() < 0.2:
            groups[6:] = [self.ipv4()]
        if self.rng.random() < 0.1:
            groups[self.rng.randrange(len(groups))] = self.rng.choice(
                ["", "00000", "12345", "g", "-1", "+1", " 1", "0x1", "\u0661", "\x00", "1" * 40, "::"])
        text = ":".join(groups)
        if self.rng.random() < 0.6:
            start = self.rng.randrange(len(groups))
            end = self.rng.randrange(start, len(groups) + 1)
            text = ":".join(groups[:start]) + "::" + ":".join(groups[end:])
        if self.rng.random() < 0.25:
            text += "%" + self.rng.choice(["1", "eth0", "a" * 15, "a" * 16, "", "a%b", "a/b", "\xe9", "\x00", " ", "wlan0.7",
                                           "z" * 300])
        return text

    def mutated(self, text):
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            place = self.rng.randrange(len(text) + 1)
            piece = self.rng.choice(list("0123456789abcdefABCDEF.::x-+ g\n%//'\"\\") + ["::", "00", "256", "11111", "\u0660", "\x00"])
            text = self.rng.choice([text[:place] + piece + text[place:], text[:place] + text[place + 1:],
                                    text[:place] + piece + text[place + 1:]])
        return text

    def address(self):
        text = self.rng.choice([self.ipv4, self.ipv4, self.ipv6, self.ipv6, self.known])()
        return self.mutated(text) if self.rng.random() < 0.4 else text

    def mask(self):
        length = self.rng.randrange(33)
        bits = 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF
        return self.rng.choice([
            str(length), str(length), str(self.rng.randrange(129)), str(ipaddress.IPv4Address(bits)),
            str(ipaddress.IPv4Address(bits ^ 0xFFFFFFFF)), self.ipv4(), self.rng.choice(
                ["", "0", "00", "032", "33", "129", "-1", "+8", " 8", "8 ", "0x8", "\u0668", "1e1", "8/8", "::", "1" * 30])])

    def network(self):
        base = self.rng.choice([self.ipv4, self.ipv6, self.known])()
        if self.rng.random() < 0.5:  # a network address more often than not
            try:
                address = ipaddress.ip_address(base)
                length = self.rng.randrange(address.max_prefixlen + 1)
                return str(ipaddress.ip_network((base, length), strict=False))
            except ValueError:
                pass
        text = base + "/" + self.mask() if self.rng.random() < 0.9 else base
        return self.mutated(text) if self.rng.random() < 0.2 else text


KNOWN = """0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29
192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/31 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24
192.88.99.2/32 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
255.255.255.255/32 ::1/128 ::/128 ::/96 ::ffff:0:0/96 ::ffff:7f00:0/104 ::ffff:a00:0/104 ::ffff:e000:0/100 ::ffff:6440:0/106
::ffff:a9fe:0/112 ::ffff:f000:0/100 ::ffff:0:0/128 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32
2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28
2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8 4000::/3 8000::/3 e000::/4
f000::/5 f800::/6 fe00::/9""".split()


def is_plain(text):
    return len(text) < 100 and all(" " <= c <= "~" for c in text)


def shown(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return ",".join(map(shown, value))
    return str(value)


def plain(text):
    """`text` as it may stand in a line."""
    return text if all(" " <= c <= "~" for c in text) else "hex:" + text.encode().hex()


def ask(answers, name, function, text=None):
    """Adds NAME and ANSWER; returns what the function returned."""
    try:
        value = function()
    except (ValueError, TypeError, IndexError) as error:
        kind = type(error).__name__
        message = f"{kind} {error}" if text is not None and is_plain(text) else kind
        answers.append((name, "refused " + message if text is not None else "refused"))
        return None
    answers.append((name, shown(value)))
    return value


def ask_attributes(answers, prefix, thing, names):
    for name in names:
        if hasattr(type(thing), name) or not name.startswith("is_"):
            ask(answers, prefix + name, lambda: getattr(thing, name))


def ask_address(answers, prefix, address, rng):
    ask_attributes(answers, prefix, address, ["exploded", "compressed", "packed", "reverse_pointer", *PROPERTIES])
    answers.append((prefix + "int", shown(int(address))))
    spec = rng.choice(FORMATS)
    ask(answers, prefix + f"format {spec}", lambda: format(address, spec))
    step = rng.choice([0, 1, -1, 255, 1 << 31, (1 << 32) - 1, 1 << 63, (1 << 127) - 1, -(1 << 100)])
    ask(answers, prefix + f"plus {step}", lambda: address + step)
    ask(answers, prefix + f"minus {step}", lambda: address - step)
    if address.version == 6:
        ask_attributes(answers, prefix, address, ["ipv4_mapped", "sixtofour", "teredo"])
        answers.append((prefix + "scope_id", address.scope_id or ""))


def case_address(texts):
    text = texts.address()
    answers = []
    for kind in (ipaddress.IPv4Address, ipaddress.IPv6Address):
        address = ask(answers, f"v{kind._version}", lambda: kind(text), text)
        if address is not None:
            ask_address(answers, f"v{kind._version} ", address, texts.rng)
    either = ask([], "", lambda: ipaddress.ip_address(text))
    answers.append(("either", "refused" if either is None else str(either.version)))
    return text.encode().hex(), answers


def listed(iterator, most=9):
    return list(itertools.islice(iterator, most))


def ask_network(answers, prefix, network, rng):
    ask_attributes(answers, prefix, network, [
        "exploded", "compressed", "network_address", "broadcast_address", "netmask", "hostmask", "prefixlen",
        "num_addresses", "with_prefixlen", "with_netmask", "with_hostmask", "reverse_pointer", *PROPERTIES])
    answers.append((prefix + "hosts", shown(listed(network.hosts()))))
    answers.append((prefix + "addresses", shown(listed(network))))
    index = rng.choice([0, 1, 2, 255, -1, -2, -256, 1 << 31, 1 << 32, -(1 << 32), (1 << 32) + 1, 1 << 100])
    ask(answers, prefix + f"index {index}", lambda: network[index])
    diff, new = rng.choice([0, 1, 1, 2, 3, 8, 40, -1, 200]), rng.randrange(-1, 140)
    ask(answers, prefix + f"subnets diff {diff}", lambda: listed(network.subnets(diff)))
    ask(answers, prefix + f"subnets new {new}", lambda: listed(network.subnets(new_prefix=new)))
    ask(answers, prefix + f"supernet diff {diff}", lambda: network.supernet(diff))
    ask(answers, prefix + f"supernet new {new}", lambda: network.supernet(new_prefix=new))


def case_network(texts):
    text = texts.network()
    answers = []
    for kind in (ipaddress.IPv4Network, ipaddress.IPv6Network):
        ask(answers, f"v{kind._version} strict", lambda: kind(text), text)
        network = ask(answers, f"v{kind._version}", lambda: kind(text, strict=False), text)
        if network is not None:
            ask_network(answers, f"v{kind._version} ", network, texts.rng)
    for name, strict in (("either strict", True), ("either", False)):
        either = ask([], "", lambda: ipaddress.ip_network(text, strict))
        answers.append((name, "refused" if either is None else str(either.version)))
    return text.encode().hex(), answers


def case_interface(texts):
    text = texts.network()
    answers = []
    for kind in (ipaddress.IPv4Interface, ipaddress.IPv6Interface):
        prefix = f"v{kind._version} "
        interface = ask(answers, prefix.strip(), lambda: kind(text), text)
        if interface is None:
            continue
        ask_address(answers, prefix, interface, texts.rng)
        ask_attributes(answers, prefix, interface,
                       ["ip", "network", "netmask", "hostmask", "with_prefixlen", "with_netmask", "with_hostmask"])
    either = ask([], "", lambda: ipaddress.ip_interface(text))
    answers.append(("either", "refused" if either is None else str(either.version)))
    return text.encode().hex(), answers


def some_network(rng, near=None, within=None):
    """Any network; one whose address is a few bits away from `near`; one within another."""
    like = near or within
    kind = like._address_class if like else rng.choice([ipaddress.IPv4Address, ipaddress.IPv6Address])
    bits = kind._max_prefixlen
    value = int(near[0]) ^ rng.getrandbits(rng.randrange(1, 12)) << rng.randrange(bits - 11) if near else rng.getrandbits(bits)
    length = rng.choice([rng.randrange(bits + 1), bits, bits - 1, bits - rng.randrange(12)])
    if within:
        value = int(within[0]) | rng.getrandbits(bits) & int(within.hostmask)
        length = rng.randrange(within.prefixlen, bits + 1)
    return ipaddress.ip_network((kind(value), length), strict=False)


def case_relation(texts):
    rng = texts.rng
    a = some_network(rng)
    b = rng.choice([lambda: some_network(rng), lambda: some_network(rng, near=a), lambda: some_network(rng, within=a)])()
    answers = []
    ask(answers, "overlaps", lambda: a.overlaps(b))
    ask(answers, "subnet_of", lambda: a.subnet_of(b))
    ask(answers, "supernet_of", lambda: a.supernet_of(b))
    ask(answers, "contains first", lambda: b[0] in a)
    ask(answers, "contains last", lambda: b[-1] in a)
    ask(answers, "compare", lambda: a.compare_networks(b))
    ask(answers, "exclude", lambda: list(a.address_exclude(b)))
    ask(answers, "equal", lambda: a == b)
    if a.version == b.version:
        ask(answers, "less", lambda: a < b)
    first, last = a[rng.randrange(min(a.num_addresses, 1000))], b[-rng.randrange(min(b.num_addresses, 1000)) - 1]
    ask(answers, "summarize", lambda: list(ipaddress.summarize_address_range(first, last)))
    key = ipaddress.get_mixed_type_key
    ask(answers, "sorted", lambda: sorted([a, b, first, last], key=key))
    return f"{a} {b} {first} {last}", answers


def case_collapse(texts):
    rng = texts.rng
    base = some_network(rng)
    networks = [base] + [some_network(rng, near=base) for _ in range(rng.randrange(1, 12))]
    if base.prefixlen < base.max_prefixlen and rng.random() < 0.7:
        networks += listed(base.subnets(min(4, base.max_prefixlen - base.prefixlen)), 16)[rng.randrange(2):]
        networks.remove(base)
    rng.shuffle(networks)
    answers = []
    ask(answers, "collapse", lambda: list(ipaddress.collapse_addresses(networks)))
    return " ".join(map(str, networks)), answers


def main():
    kind, seed, count = sys.argv[1:]
    texts = Texts(f"{kind} {seed}")
    case = globals()["case_" + kind]
    out = []
    for _ in range(int(count)):
        what, answers = case(texts)
        out.append("\t".join([what] + [f"{name}\t{plain(answer)}" for name, answer in answers]))
    sys.stdout.buffer.write(("\n".join(out) + "\n").encode())


main()
