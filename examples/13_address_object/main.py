# SPDX-License-Identifier: BSL-1.0
# An address as an object, made from text, a number or bytes.

import ipaddress


def show(address):
    print(address)
    print("  version ", address.version)
    print("  private ", "yes" if address.is_private else "no")
    print("  packed  ", address.packed.hex())
    print("  number  ", int(address))
    print("  reversed", address.reverse_pointer)


show(ipaddress.ip_address("61.135.169.125"))
print("the same from a number:", ipaddress.ip_address(1032300925))
print("the same from bytes:   ", ipaddress.ip_address(b"\x3d\x87\xa9\x7d"))
show(ipaddress.ip_address("127.0.0.1"))
show(ipaddress.ip_address("fe80::1"))
try:
    ipaddress.IPv4Address("61.135.169.1250")
except ValueError as error:
    print(error)
