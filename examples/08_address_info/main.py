# SPDX-License-Identifier: BSL-1.0
# Every way to reach a service of a host, field by field. Numbers without a name of their own are shown as they are.

import socket
import sys

PROTOCOLS = {getattr(socket, name): name for name in ["IPPROTO_IP", "IPPROTO_TCP", "IPPROTO_UDP"]}


def show(family, kind, proto, canonname, address):
    print("  family   ", family.name)
    print("  kind     ", kind.name if isinstance(kind, socket.SocketKind) else kind)
    print("  protocol ", PROTOCOLS.get(proto, proto))
    print(f"  address   {address[0]}, port {address[1]}" + (", flow %d, scope %d" % address[2:] if address[2:] else ""))
    print()


host = sys.argv[1] if len(sys.argv) > 1 else "localhost"
print(f"http on {host}:")
for found in socket.getaddrinfo(host, "http"):
    show(*found)

SOCK_DCCP = 6  # which Python does not name
print(f"port 5001 on {host}, by a kind of socket that bight has no name for:")
for found in socket.getaddrinfo(host, 5001, type=SOCK_DCCP):
    show(*found)
