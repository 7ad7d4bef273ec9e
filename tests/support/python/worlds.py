# SPDX-License-Identifier: BSL-1.0
"""Machines of our own: namespaces (see namespaces(7)) with a host name, files of /etc and a network that nobody else
sees, for programs that ask for names or send where others would hear it."""

import functools
import subprocess
import tempfile
import unittest
from pathlib import Path

from programs import DEADLINE, Program

NAMESPACES = ["--mount", "--uts", "--net"]

# What every such machine knows, and asks nobody else. Both languages must find it in the order of these lines.
FILES = {
    "nsswitch.conf": "hosts: files\nservices: files\nprotocols: files\n",
    "hosts": "".join(line + "\n" for line in [
        "127.0.0.1 localhost",
        "::1 localhost ip6-localhost",
        "192.0.2.10 terminal.library.example terminal desk",
        "192.0.2.20 www.library.example www shelf-20",
        "2001:db8::20 www.library.example www",
        "198.51.100.7 lighthouse",
        "192.0.2.30 www.python.org",
        "203.0.113.101 cache.mirror.example www.mirror.example",
        *(f"203.0.113.{last} cache.mirror.example" for last in range(102, 116)),
    ]),
}


@functools.cache
def permission():
    """The option of unshare(1) that lets us have namespaces: none for an administrator. Skips where nothing does."""
    reasons = []
    for option in [], ["--map-root-user"]:
        probe = subprocess.run(["unshare", *option, *NAMESPACES, "true"], capture_output=True, text=True)
        if probe.returncode == 0:
            return option
        reasons.append(probe.stderr.strip())
    raise unittest.SkipTest("needs namespaces of its own: " + "; ".join(dict.fromkeys(reasons)))


# A network of two interfaces that are joined by a cable; one has an address, and hears what it sends to all.
CABLE = ["ip link add left type veth peer name right", "ip address add 192.0.2.1/24 broadcast 192.0.2.255 dev left",
         "ip link set left up", "ip link set right up"]


class World:
    """One such machine, named terminal, until close(). Its loopback is up, and what the commands `network` make."""

    def __init__(self, network=()):
        option = permission()
        self._folder = tempfile.TemporaryDirectory()
        steps = ["hostname terminal"]
        for name, text in FILES.items():
            path = Path(self._folder.name, name)
            path.write_text(text)
            path.chmod(0o644)
            steps.append(f"mount --bind {path} /etc/{name}")
        self._holder = Program("world", ["unshare", *option, *NAMESPACES, "sh", "-ec",
                                         "\n".join([*steps, "echo ready", "exec cat"])])
        user = ["--user", "--preserve-credentials"] if option else []
        # RESOLV_MULTI: see host.conf(5). A name may stand in many lines of the hosts file.
        self.prefix = ["nsenter", "--target", str(self._holder.pid), *user, *NAMESPACES, "env", "RESOLV_MULTI=on"]
        try:
            self._holder.wait_for("ready")
            for command in ["ip link set lo up", *network]:
                self._lay(command)
        except BaseException:
            self.close()
            raise

    def _lay(self, command):
        done = subprocess.run([*self.prefix, *command.split()], capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            raise unittest.SkipTest(f"needs a network of its own: {command}: {done.stderr.strip()}")

    def close(self):
        self._holder.kill()
        self._folder.cleanup()
