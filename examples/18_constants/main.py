# SPDX-License-Identifier: BSL-1.0
# The platform's constants: families, kinds, levels, options, flags. One that the platform lacks is no name.

import os
import socket


def show(what, *names):
    print(what + ":", *[f"{name}={int(getattr(socket, name))}" for name in names])


show("families", "AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET")
show("kinds", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET")
show("levels", "SOL_SOCKET", "SOL_IP", "SOL_TCP")
show("flags", "MSG_PEEK", "MSG_OOB")
print("most connections that wait:", socket.SOMAXCONN)
print("IPv6 is", "known" if socket.has_ipv6 else "unknown")

for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RDM, socket.SOCK_SEQPACKET]:
    try:
        with socket.socket(socket.AF_UNIX, kind) as s:
            print(s.family.name, "has sockets of", s.type.name)
    except OSError as error:
        print(f"AF_UNIX has no {kind.name}: {os.strerror(error.errno)}")
