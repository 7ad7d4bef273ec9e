// SPDX-License-Identifier: BSL-1.0
// Networks: validated, compared, divided, and walked. Ranges of addresses and of networks are lazy: one of 2**96 takes
// no more memory than one of two.

#include <bight/ipaddress.h>

#include <algorithm>
#include <iostream>
#include <ranges>
#include <string_view>
#include <vector>

using namespace bight;
using namespace bight::literals;

constexpr auto ten = "10.0.0.0/8"_net;
static_assert(ten.contains("10.1.2.3"_ip) && !ten.contains("11.0.0.0"_ip));

void show(std::string_view what, auto&& range) {
    std::cout << what << ':';
    for (auto each : range) std::cout << ' ' << each;
    std::cout << '\n';
}

int main() {
    for (auto text : {"192.0.2.0/24", "192.0.2.0/255.255.255.0", "192.0.2.1/24", "192.0.2.0/33", "home"}) {
        try {
            auto network = ipaddress::IPv4Network(text);
            std::cout << text << " is " << network << '\n';
        } catch (const ValueError& error) {
            std::cout << "no network: " << error.what() << '\n';
        }
    }

    std::cout << ten << " has " << ten.num_addresses() << " addresses, from " << ten[0] << " to " << ten[-1]
              << ", and the netmask " << ten.netmask() << '\n';
    auto sixteens = ten.subnets({.new_prefix = 16});
    std::cout << "it is " << sixteens.size() << " networks with a prefix of 16\n";
    show("the first three", sixteens | std::views::take(3));
    show("hosts of 192.0.2.8/29", "192.0.2.8/29"_net.hosts());
    constexpr auto wide = "2001:db8::/32"_net;
    std::cout << "of the " << wide.num_addresses() << " addresses of " << wide << '\n';
    show("the first two hosts", wide.hosts() | std::views::take(2));

    std::cout << "10.20.0.0/16 is within: " << ("10.20.0.0/16"_net.subnet_of(ten) ? "yes" : "no") << '\n'
              << "172.16.0.0/12 overlaps: " << ("172.16.0.0/12"_net.overlaps(ten) ? "yes" : "no") << '\n';
    show("192.0.2.0/28 without 192.0.2.4/30", "192.0.2.0/28"_net.address_exclude("192.0.2.4/30"_net));
    show("192.0.2.3 to 192.0.2.12", ipaddress::summarize_address_range("192.0.2.3"_ip, "192.0.2.12"_ip));
    show("joined",
         ipaddress::collapse_addresses(std::vector{"192.0.2.128/25"_net, "192.0.2.0/25"_net, "192.0.2.7/32"_net}));
    std::vector addresses{"10.0.0.10"_ip, "10.0.0.9"_ip, "9.255.255.255"_ip};
    std::ranges::sort(addresses);
    show("in order", addresses);
}
