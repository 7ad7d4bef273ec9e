# SPDX-License-Identifier: BSL-1.0
"""Sockets that a process has from its start: a launcher in the manner of systemd's, and one in that of inetd."""

import os
import sys

# Becomes the command itself, for LISTEN_PID has to be its number. Moves the sockets out of the way before it puts them
# where they belong, for they may stand in each other's places.
LAUNCH = """
import fcntl, os, sys
numbers, names, *command = sys.argv[1:]
moved = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 100) for number in numbers.split(",")]
for place, fd in enumerate(moved, 3):
    os.dup2(fd, place)
    os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(moved)))
if names:
    os.environ["LISTEN_FDNAMES"] = names
os.execv(command[0], command)
"""


def with_sockets(command, sockets, names=""):
    """The command that runs `command` with `sockets` from descriptor 3 on, and pass_fds for it."""
    numbers = [each.fileno() for each in sockets]
    launch = [sys.executable, "-c", LAUNCH, ",".join(map(str, numbers)), names, *map(str, command)]
    return launch, {"pass_fds": numbers, "env": {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}}
