# SPDX-License-Identifier: BSL-1.0
"""Evaluates the expressions of docs/defaults.tsv with CPython: a line `layer<TAB>name<TAB>value` for each that has one."""
import csv
import inspect  # noqa: F401  the names below are for the expressions
import io  # noqa: F401
import select  # noqa: F401
import selectors  # noqa: F401
import socket  # noqa: F401
import socketserver  # noqa: F401
import struct  # noqa: F401
import sys
import warnings

warnings.simplefilter("ignore", ResourceWarning)


def raised(call):
    try:
        call()
    except Exception as error:
        return error
    return None


with open(sys.argv[1], newline="") as table:
    for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["CPython expression"] != "-":
            print(row["layer"], row["name"], eval(row["CPython expression"]), sep="\t")
