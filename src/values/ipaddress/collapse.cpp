// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress.h>

#include <algorithm>

namespace bight::ipaddress {
namespace {

/// Joins the last two networks as long as they are the halves of one.
template <class A>
void join_last(std::vector<Network<A>>& networks) {
    while (networks.size() > 1) {
        const auto& low = networks[networks.size() - 2];
        const auto& high = networks.back();
        if (low.prefixlen() != high.prefixlen() || low.prefixlen() == 0) return;
        auto whole = low.supernet();
        if (whole.network_address().to_int() != low.network_address().to_int() ||
            !whole.contains(high.network_address()))
            return;
        networks.pop_back();
        networks.back() = whole;
    }
}

template <class A>
std::vector<Network<A>> collapse(std::vector<Network<A>> networks) {
    std::ranges::sort(networks);
    std::vector<Network<A>> collapsed;
    for (const auto& network : networks) {
        // Sorted as they are, whatever holds this one stands before it, and is or is in the last one kept.
        if (!collapsed.empty() && network.subnet_of(collapsed.back())) continue;
        bool is_address = network.prefixlen() == network.max_prefixlen();
        collapsed.push_back(is_address ? Network<A>(detail::bare(network.network_address())) : network);
        join_last(collapsed);
    }
    return collapsed;
}

template <class A>
void append(std::vector<IPNetwork>& out, const std::vector<Network<A>>& networks) {
    out.insert(out.end(), networks.begin(), networks.end());
}

}  // namespace

template <>
std::vector<IPv4Network> collapse_addresses(std::vector<IPv4Network> networks) {
    return collapse(std::move(networks));
}

template <>
std::vector<IPv6Network> collapse_addresses(std::vector<IPv6Network> networks) {
    return collapse(std::move(networks));
}

template <>
std::vector<IPNetwork> collapse_addresses(std::vector<IPNetwork> networks) {
    std::vector<IPv4Network> four;
    std::vector<IPv6Network> six;
    for (const auto& network : networks) {
        if (network.version() != networks.front().version())
            detail::raise_versions(network.to_string(), networks.front().to_string());
        if (network.version() == 4)
            four.push_back(network.v4());
        else
            six.push_back(network.v6());
    }
    networks.clear();
    append(networks, collapse(std::move(four)));
    append(networks, collapse(std::move(six)));
    return networks;
}

std::vector<IPNetwork> collapse_addresses(const std::vector<IPAddress>& addresses) {
    std::vector<IPNetwork> networks;
    networks.reserve(addresses.size());
    for (const auto& address : addresses) networks.emplace_back(address);
    return collapse_addresses(std::move(networks));
}

std::vector<IPNetwork> summarize_address_range(const IPAddress& first, const IPAddress& last) {
    if (first.version() != last.version()) detail::raise_versions(first.to_string(), last.to_string());
    std::vector<IPNetwork> networks;
    if (first.version() == 4)
        for (const auto& network : summarize_address_range(first.v4(), last.v4())) networks.push_back(network);
    else
        for (const auto& network : summarize_address_range(first.v6(), last.v6())) networks.push_back(network);
    return networks;
}

}  // namespace bight::ipaddress
