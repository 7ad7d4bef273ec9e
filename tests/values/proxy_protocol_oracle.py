# SPDX-License-Identifier: BSL-1.0
"""Headers of the PROXY protocol, made and read by an implementation of its own: a line each, HEX<TAB>WHAT IT SAYS.

    proxy_protocol_oracle.py SEED COUNT

WHAT IT SAYS is "refused", or the version, command, kind, addresses, items and checksum; half of the headers are damaged
before they are read.
"""

import ipaddress
import random
import struct
import sys

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Refused(Exception):
    pass


def need(holds):
    if not holds:
        raise Refused


# ---- Reading. ----------------------------------------------------------------------------------------------------------

def host(text, kind):
    need(all(c in "0123456789abcdefABCDEF:." for c in text))
    try:
        return kind(text)
    except ValueError:
        raise Refused from None


def port(text):
    need(text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) <= 5 and int(text) <= 65535)
    return int(text)


def read_line(line):
    need(len(line) <= 107 and line.endswith(b"\r\n") and line.startswith(b"PROXY "))
    body = line[6:-2].decode("latin-1")
    need("\r" not in body and "\n" not in body)
    if body == "UNKNOWN" or body.startswith("UNKNOWN "):
        return "1 proxy stream - -  -"
    words = body.split(" ")
    need(len(words) == 5 and words[0] in ("TCP4", "TCP6"))
    kind = ipaddress.IPv4Address if words[0] == "TCP4" else ipaddress.IPv6Address
    source, destination = host(words[1], kind), host(words[2], kind)
    return f"1 proxy stream {source.packed.hex()}:{port(words[3])} {destination.packed.hex()}:{port(words[4])}  -"


def unix_name(field):
    if not field.strip(b"\0"):
        return b""
    if field[0] == 0:
        return field.rstrip(b"\0")
    need(0 in field)
    return field[:field.index(0)]


def items(data):
    while data:
        need(len(data) >= 3)
        kind, size = struct.unpack("!BH", data[:3])
        need(len(data) >= 3 + size)
        yield kind, data[3:3 + size]
        data = data[3 + size:]


def read_binary(data):
    need(data.startswith(SIGNATURE) and len(data) >= 16)
    command, family, size = struct.unpack("!BBH", data[12:16])
    need(command in (0x20, 0x21) and len(data) == 16 + size)
    if command == 0x20:
        return "2 local stream - -  -"
    need(family >> 4 <= 3 and family & 15 <= 2)
    if family >> 4 == 0 or family & 15 == 0:
        return "2 proxy stream - -  -"
    block = data[16:]
    length = {1: 12, 2: 36, 3: 216}[family >> 4]
    need(len(block) >= length)
    if family >> 4 == 3:
        ends = [f"unix:{unix_name(block[at:at + 108]).hex()}" for at in (0, 108)]
    else:
        size = 4 if family >> 4 == 1 else 16
        source, destination = block[:size], block[size:2 * size]
        ports = struct.unpack("!HH", block[2 * size:length])
        ends = [f"{source.hex()}:{ports[0]}", f"{destination.hex()}:{ports[1]}"]
    said, checked, place = [], False, 16 + length
    for kind, value in items(block[length:]):
        place += 3
        if kind == 3:
            need(len(value) == 4 and not checked)
            need(crc32c(data[:place] + bytes(4) + data[place + 4:]) == struct.unpack("!I", value)[0])
            checked = True
        else:
            need(kind != 5 or len(value) <= 128)
            if kind == 0x20:
                need(len(value) >= 5)
                list(items(value[5:]))
            said.append(f"{kind:02x}={value.hex()}")
        place += len(value)
    return f"2 proxy {'stream' if family & 15 == 1 else 'datagram'} {ends[0]} {ends[1]} {','.join(said)} {'crc' if checked else '-'}"


def read(data):
    try:
        return read_line(data) if data[:1] == b"P" else read_binary(data)
    except Refused:
        return "refused"


# ---- Making. -----------------------------------------------------------------------------------------------------------

def some_bytes(chance, most):
    return chance.randbytes(chance.randrange(most))


def some_host(chance, size):
    if chance.random() < 0.3:
        return bytes(size - 1) + bytes([chance.randrange(256)])
    if size == 16 and chance.random() < 0.2:
        return bytes(10) + b"\xff\xff" + chance.randbytes(4)
    return chance.randbytes(size)


def make_line(chance):
    if chance.random() < 0.1:
        return chance.choice([b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN whatever it says\r\n", b"PROXY UNKNOWN \r\n"])
    size = chance.choice([4, 16])
    kind = ipaddress.IPv4Address if size == 4 else ipaddress.IPv6Address
    ends = [str(kind(some_host(chance, size))) for _ in range(2)]
    if size == 16 and chance.random() < 0.5:
        ends = [kind(end).exploded.upper() for end in ends]
    ports = [str(chance.choice([0, 1, 80, 65535, chance.randrange(65536)])) for _ in range(2)]
    return f"PROXY TCP{4 if size == 4 else 6} {ends[0]} {ends[1]} {ports[0]} {ports[1]}\r\n".encode()


def some_item(chance):
    kind = chance.choice([1, 2, 4, 5, 0x20, 0x30, 0xE0, 0xEA])
    value = some_bytes(chance, 40)
    if kind == 0x20:
        part = lambda: struct.pack("!BH", chance.randrange(0x21, 0x26), 5) + chance.randbytes(5)
        value = chance.randbytes(5) + b"".join(part() for _ in range(chance.randrange(3)))
    return struct.pack("!BH", kind, len(value)) + value


def make_binary(chance):
    command = 0x20 if chance.random() < 0.1 else 0x21
    family = chance.choice([0x00, 0x11, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32])
    block = b""
    if family >> 4 == 3:
        names = [b"", b"/run/x", b"\0abstract", chance.randbytes(107).replace(b"\0", b"x")]
        block = b"".join(chance.choice(names).ljust(108, b"\0") for _ in range(2))
    elif family:
        size = 4 if family >> 4 == 1 else 16
        block = some_host(chance, size) + some_host(chance, size) + chance.randbytes(4)
    block += b"".join(some_item(chance) for _ in range(chance.choice([0, 0, 1, 3])))
    checked = family and chance.random() < 0.5
    if checked:
        block += b"\x03\0\x04\0\0\0\0"
    data = SIGNATURE + struct.pack("!BBH", command, family, len(block)) + block
    return data[:-4] + struct.pack("!I", crc32c(data)) if checked else data


def damage(chance, data):
    """Changes, takes away or adds a byte: of the length too, where the block itself stays as it is."""
    where = chance.randrange(len(data))
    return chance.choice([
        lambda: data[:where] + chance.randbytes(1) + data[where + 1:],
        lambda: data[:where] + data[where + 1:],
        lambda: data[:where] + chance.choice([b"0", b" ", b"\r", b"\n", b"\0"]) + data[where:],
        lambda: data[:where],
    ])()


def main(seed, count):
    chance = random.Random(seed)
    for _ in range(count):
        data = make_line(chance) if chance.random() < 0.4 else make_binary(chance)
        if chance.random() < 0.5:
            data = damage(chance, data)
        print(f"{data.hex()}\t{read(data)}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
