#!/usr/bin/python3.11
# SPDX-License-Identifier: BSL-1.0
"""Collapsing, and sets of networks, beside Python's ipaddress: seconds of CPU, and their ratio (above 1: bight is faster).

    bench/set_algebra.py [--build DIR] [--count N]

Both begin with a list of network objects and end with one. Python has collapse_addresses() and
summarize_address_range(), but no sets: what lies between is the sweep over sorted ranges of integers that one would
write by hand. The results are compared. Python needs some minutes for a million.
"""

import argparse
import ipaddress
import json
import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def ranges(networks):
    return [(int(one.network_address), int(one.broadcast_address)) for one in ipaddress.collapse_addresses(networks)]


def networks_of(found):
    for first, last in found:
        yield from ipaddress.summarize_address_range(ipaddress.IPv4Address(first), ipaddress.IPv4Address(last))


def joined(found):
    whole = []
    for first, last in found:
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(last, whole[-1][1]))
        else:
            whole.append((first, last))
    return whole


def common(a, b):
    i = j = 0
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first <= last:
            yield first, last
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1


def others(found):
    start = 0
    for first, last in found:
        if first > start:
            yield start, first - 1
        start = last + 1
    if start < 1 << 32:
        yield start, (1 << 32) - 1


WORK = {
    "collapse": lambda a, b: list(ipaddress.collapse_addresses(a)),
    "union": lambda a, b: list(ipaddress.collapse_addresses(a + b)),
    "intersection": lambda a, b: list(networks_of(joined(common(ranges(a), ranges(b))))),
    "difference": lambda a, b: list(networks_of(joined(common(ranges(a), list(others(joined(ranges(b)))))))),
}


def described(networks):
    total = 0
    for network in networks:
        total = (total * 31 + int(network.network_address) + network.prefixlen) % (1 << 64)
    return len(networks), total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/bench")
    parser.add_argument("--count", type=int, default=1_000_000)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}; seconds of CPU; two lists of {options.count} IPv4 networks")
    with tempfile.NamedTemporaryFile() as file:
        program = [options.build / "bench/set_algebra", str(options.count), file.name]
        rows = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()
        every = [ipaddress.IPv4Network((int(number), int(length))) for number, length in map(bytes.split, file)]
    a, b = every[:options.count], every[options.count:]
    for line in rows:
        row = json.loads(line)
        start = time.process_time()
        result = WORK[row["name"]](a, b)
        took = time.process_time() - start
        same = "" if described(result) == (row["networks"], row["sum"]) else "  RESULT DIFFERS"
        print(f"{row['name']:14} bight {row['seconds']:8.4f}  Python {took:8.2f}  ratio {took / row['seconds']:6.0f}{same}", flush=True)


if __name__ == "__main__":
    main()
