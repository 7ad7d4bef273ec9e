# SPDX-License-Identifier: BSL-1.0
# Only those ways to reach a host that are wanted: by family, kind, protocol and flags.

import socket
import sys
from socket import AF_INET, AI_CANONNAME, AI_NUMERICHOST, AI_PASSIVE, IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM


def show(what, host, service, **options):
    print(what + ":")
    try:
        for family, kind, proto, canonname, address in socket.getaddrinfo(host, service, **options):
            shown = "%s:%d" % address if family == AF_INET else "[%s]:%d" % address[:2]
            print(f"  {family.name} {kind.name} {shown}" + (f" of {canonname}" if canonname else ""))
    except socket.gaierror as error:
        print(f"  resolve '{host}': {error.strerror.lower()}")


host = sys.argv[1] if len(sys.argv) > 1 else "localhost"
show("streams", host, "http", type=SOCK_STREAM)
show("datagrams over IPv4", host, "domain", family=AF_INET, type=SOCK_DGRAM)
show("TCP, with the canonical name on the first", host, "http", proto=IPPROTO_TCP, flags=AI_CANONNAME)
show("a numeric service", host, 8080, family=AF_INET, type=SOCK_STREAM)
show("a numeric host", "192.0.2.7", "https", type=SOCK_STREAM, flags=AI_NUMERICHOST)
show("a name where only numbers are allowed", host, "https", flags=AI_NUMERICHOST)
show("no host, to connect to", None, 8080, family=AF_INET, type=SOCK_STREAM)
show("no host, to listen at", None, 8080, family=AF_INET, type=SOCK_STREAM, flags=AI_PASSIVE)
