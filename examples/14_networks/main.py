# SPDX-License-Identifier: BSL-1.0
# Networks: validated, compared, divided, and walked. Ranges of addresses and of networks are lazy: one of 2**96 takes
# no more memory than one of two.

from ipaddress import IPv4Network, collapse_addresses, ip_address, ip_network, summarize_address_range
from itertools import islice

ten = ip_network("10.0.0.0/8")


def show(what, iterable):
    print(what + ":", *iterable)


for text in ["192.0.2.0/24", "192.0.2.0/255.255.255.0", "192.0.2.1/24", "192.0.2.0/33", "home"]:
    try:
        print(text, "is", IPv4Network(text))
    except ValueError as error:
        print("no network:", error)

print(f"{ten} has {ten.num_addresses} addresses, from {ten[0]} to {ten[-1]}, and the netmask {ten.netmask}")
print("it is", 2 ** (16 - ten.prefixlen), "networks with a prefix of 16")
show("the first three", islice(ten.subnets(new_prefix=16), 3))
show("hosts of 192.0.2.8/29", ip_network("192.0.2.8/29").hosts())
wide = ip_network("2001:db8::/32")
print(f"of the {wide.num_addresses} addresses of {wide}")
show("the first two hosts", islice(wide.hosts(), 2))

print("10.20.0.0/16 is within:", "yes" if ip_network("10.20.0.0/16").subnet_of(ten) else "no")
print("172.16.0.0/12 overlaps:", "yes" if ip_network("172.16.0.0/12").overlaps(ten) else "no")
show("192.0.2.0/28 without 192.0.2.4/30", ip_network("192.0.2.0/28").address_exclude(ip_network("192.0.2.4/30")))
show("192.0.2.3 to 192.0.2.12", summarize_address_range(ip_address("192.0.2.3"), ip_address("192.0.2.12")))
show("joined", collapse_addresses(ip_network(text) for text in ["192.0.2.128/25", "192.0.2.0/25", "192.0.2.7/32"]))
show("in order", sorted(ip_address(text) for text in ["10.0.0.10", "10.0.0.9", "9.255.255.255"]))
