// SPDX-License-Identifier: BSL-1.0
/// Texts as addresses: the platform's inet_pton must agree, and what is read must come back from its own text.
#include "fuzz/require.h"

#include <bight/ipaddress.h>

#include <arpa/inet.h>

#include <string>

using namespace bight::ipaddress;
using bight::fuzz::require;

namespace {

template <class Address>
void check(std::string_view text) {
    auto address = Address::parse(text);
    std::string reason;
    try {
        Address raised(text);
        require(address == raised, "the raising way reads something else", text);
    } catch (const AddressValueError& error) {
        reason = error.what();
    }
    require(address.has_value() == reason.empty(), "parse() and the constructor disagree", text);
    require(reason.size() < 1500, "a message of any length", text);
    if (!address) return;
    require(Address::parse(address->to_string()) == address, "its own text is another address", text);
    require(Address::from_packed(address->packed()).to_int() == address->to_int(), "its bytes are another address",
            text);
}

/// Nothing for a text that inet_pton cannot be asked about: one with NUL.
template <class Address>
void compare_with_platform(std::string_view text) {
    if (text.find('\0') != text.npos || text.find('%') != text.npos) return;
    unsigned char bytes[16];
    bool theirs = ::inet_pton(Address::version() == 4 ? AF_INET : AF_INET6, std::string(text).c_str(), bytes) == 1;
    auto address = Address::parse(text);
    require(address.has_value() == theirs, "inet_pton says otherwise", text);
    if (address)
        require(__builtin_memcmp(bytes, address->packed().data(), address->packed().size()) == 0,
                "inet_pton reads otherwise", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    auto text = bight::fuzz::text_of(data, size);
    check<IPv4Address>(text);
    check<IPv6Address>(text);
    compare_with_platform<IPv4Address>(text);
    compare_with_platform<IPv6Address>(text);
    if (auto address = IPAddress::parse(text))
        (void)(address->is_private() + is_public(*address) + (classify(*address) != nullptr));
    return 0;
}
