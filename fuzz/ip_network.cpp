// SPDX-License-Identifier: BSL-1.0
/// Texts as networks and interfaces: what is read comes back from each of its forms.
#include "fuzz/require.h"

#include <bight/ipaddress.h>

#include <string>

using namespace bight::ipaddress;
using bight::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    auto text = bight::fuzz::text_of(data, size);
    auto strict = IPNetwork::parse(text), loose = IPNetwork::parse(text, {.strict = false});
    auto interface = IPInterface::parse(text);
    require(!strict || strict == loose, "what is a network strictly is another one loosely", text);
    require(loose.has_value() == interface.has_value(), "a network is an interface", text);
    std::string reason;
    try {
        require(ip_network(text) == strict, "the raising way reads something else", text);
    } catch (const bight::ValueError& error) {
        reason = error.what();
    }
    require(strict.has_value() == reason.empty(), "parse() and the constructor disagree", text);
    require(reason.size() < 1500, "a message of any length", text);
    if (!loose) return 0;

    require(IPNetwork::parse(loose->to_string()) == loose, "its own text is another network", text);
    require(interface->network() == *loose, "its interface is on another network", text);
    require(IPInterface::parse(interface->to_string()) == interface, "its own text is another interface", text);
    if (loose->version() == 4) require(ip_network(loose->with_netmask()) == *loose, "its netmask is another", text);
    require(loose->contains((*loose)[0]) && loose->contains((*loose)[-1]), "its ends are not in it", text);
    require((*loose)[-1] == loose->broadcast_address(), "its end is another address", text);
    auto halves = loose->subnets();
    require(halves.front().subnet_of(*loose) && halves.back().subnet_of(*loose), "its halves are not in it", text);
    require(loose->subnet_of(loose->supernet()), "its supernet does not hold it", text);
    for (auto rest : loose->address_exclude(halves.front()))
        require(!rest.overlaps(halves.front()), "what is excluded is left", text);
    return 0;
}
