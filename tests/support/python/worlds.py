# SPDX-License-Identifier: BSL-1.0
"""Machines of our own: namespaces (see namespaces(7)) with a host name, files of /etc and a network that nobody else
sees, for programs that ask for names or send where others would hear it."""

import functools
import subprocess
import tempfile
import unittest
from pathlib import Path

from programs import DEADLINE, Program

# What every such machine knows; it asks nobody else.
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


# A network of two interfaces that are joined by a cable; one has an address, and hears what it sends to all.
CABLE = ["ip link add left type veth peer name right", "ip address add 192.0.2.1/24 broadcast 192.0.2.255 dev left",
         "ip link set left up", "ip link set right up"]


@functools.cache
def permission(*namespaces):
    """The options of unshare(1) that let us have these namespaces: none for an administrator. Skips if nothing does."""
    reasons = []
    for options in [], ["--map-root-user"]:
        probe = subprocess.run(["unshare", *options, *namespaces, "true"], capture_output=True, text=True)
        if probe.returncode == 0:
            return options
        reasons.append(probe.stderr.strip())
    raise unittest.SkipTest("needs namespaces of its own: " + "; ".join(dict.fromkeys(reasons)))


class World:
    """One such machine, named terminal, until close(). With `network`, commands of ip(8), it has nothing but a loopback
    and what they make; otherwise it is on the network that we are on."""

    def __init__(self, network=None):
        namespaces = ["--mount", "--uts"] + (["--net"] if network is not None else [])
        options = permission(*namespaces)
        self._folder = tempfile.TemporaryDirectory()
        self._holder = Program("world", ["unshare", *options, *namespaces, "sh", "-ec", self._beginning()])
        user = ["--user", "--preserve-credentials"] if options else []
        # RESOLV_MULTI: see host.conf(5). A name may stand in many lines of the hosts file.
        self.prefix = ["nsenter", "--target", str(self._holder.pid), *user, *namespaces, "env", "RESOLV_MULTI=on"]
        try:
            self._holder.wait_for("ready")
            for command in ["ip link set lo up", *network] if network is not None else []:
                self._lay(command)
        except BaseException:
            self.close()
            raise

    def _beginning(self):
        """What the process does that keeps the namespaces: it puts files and a name in place, and stays."""
        steps = ["hostname terminal"]
        for name, text in FILES.items():
            path = Path(self._folder.name, name)
            path.write_text(text)
            path.chmod(0o644)
            steps.append(f"mount --bind {path} /etc/{name}")
        return "\n".join([*steps, "echo ready", "exec cat"])

    def _lay(self, command):
        done = subprocess.run([*self.prefix, *command.split()], capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            raise unittest.SkipTest(f"needs a network of its own: {command}: {done.stderr.strip()}")

    def close(self):
        self._holder.kill()
        self._folder.cleanup()
