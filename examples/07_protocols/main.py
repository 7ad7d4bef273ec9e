# SPDX-License-Identifier: BSL-1.0
# The number of a protocol by its name, beside the constant that stands for it.

import socket

constants = {getattr(socket, name): name for name in dir(socket) if name.startswith("IPPROTO_")}
for name in ["icmp", "udp", "tcp", "ipv6", "sctp", "vrrp", "pigeon"]:
    try:
        number = socket.getprotobyname(name)
        print(f"{name} is {number}, {constants.get(number, 'without a constant')}")
    except OSError as error:
        print(f"{name}: {error}")
