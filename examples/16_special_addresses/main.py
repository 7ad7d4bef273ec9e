# SPDX-License-Identifier: BSL-1.0
# Addresses and ports that are set apart: the constants, and the two hosts that are no names, "" and "<broadcast>".
# Not private is not global yet: 100.64.0.1, from the block that providers share, is neither.

import ipaddress
import socket
from socket import AF_INET, AF_INET6, SOCK_DGRAM

print("any       ", ipaddress.IPv4Address(socket.INADDR_ANY))
print("loopback  ", ipaddress.IPv4Address(socket.INADDR_LOOPBACK))
print("broadcast ", ipaddress.IPv4Address(socket.INADDR_BROADCAST))
print("all hosts ", ipaddress.IPv4Address(socket.INADDR_ALLHOSTS_GROUP))
print(f"ports below {socket.IPPORT_RESERVED} are for the administrator's servers")
for text in ["10.1.2.3", "172.16.0.1", "192.168.1.4", "127.0.0.1", "100.64.0.1", "222.76.216.16"]:
    print(text, "is global" if ipaddress.ip_address(text).is_global else "is not global")

with socket.socket(AF_INET, SOCK_DGRAM) as port:
    port.bind(("", 0))
    print('"" is', port.getsockname()[0])
    print('"<broadcast>" is', socket.gethostbyname("<broadcast>"))
    with socket.socket(AF_INET6, SOCK_DGRAM) as other:
        try:
            other.connect(("<broadcast>", 9))
        except OSError:
            print('"<broadcast>" is nothing to IPv6')
    for number in [65535, 65536, -1]:
        try:
            port.connect(("127.0.0.1", number))
            print(number, "is a port")
        except OverflowError:
            print(number, "is no port")
