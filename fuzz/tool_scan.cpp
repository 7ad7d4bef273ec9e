// SPDX-License-Identifier: BSL-1.0
/// What `bight ip grep` finds, against a slow way to find it. The first byte of the input chooses the addresses.
#include "fuzz/require.h"

#include "ip_scan.h"

#include <bight/ipaddress.h>

#include <algorithm>
#include <vector>

using namespace bight::ipaddress;
using namespace bight::literals;
using bight::fuzz::require;

namespace {

const AddressSet sets[] = {
    AddressSet::all(),
    {"0.0.0.0/0"_net},
    {"::/0"_net},
    {},
    {"10.0.0.0/8"_net, "0.0.0.0/32"_net, "2001:db8::/32"_net},
    {"0.0.0.0/1"_net, "::/64"_net, "8000::/1"_net},
};

bool is_part(char c, bool six) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || (six && c == ':');
}

/// The words of one alphabet, without a full stop or a colon at their end, that are addresses.
void add_words(std::vector<std::string_view>& found, std::string_view text, const AddressSet& wanted, bool six) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto begin = i;
        while (i < text.size() && is_part(text[i], six)) ++i;
        auto word = text.substr(begin, i - begin);
        if (word.ends_with('.') || (six && word.ends_with(':') && !word.ends_with("::"))) word.remove_suffix(1);
        if (six) {
            if (auto address = IPv6Address::parse(word); address && wanted.contains(*address)) found.push_back(word);
        } else {
            if (auto address = IPv4Address::parse(word); address && wanted.contains(*address)) found.push_back(word);
        }
    }
}

/// From the left; none that begins within the one before.
std::vector<std::string_view> plainly(std::string_view text, const AddressSet& wanted) {
    std::vector<std::string_view> all, chosen;
    add_words(all, text, wanted, false);
    add_words(all, text, wanted, true);
    std::ranges::sort(all, {}, [](std::string_view word) { return word.data(); });
    for (auto word : all)
        if (chosen.empty() || word.data() >= chosen.back().data() + chosen.back().size()) chosen.push_back(word);
    return chosen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const auto& wanted = sets[data[0] % std::size(sets)];
    auto text = bight::fuzz::text_of(data + 1, size - 1);

    bight::tool::AddressScanner scanner(wanted);
    scanner.search(text.data(), text.data() + text.size());
    const char* at = text.data();
    for (auto expected : plainly(text, wanted)) {
        auto found = scanner.next(at);
        require(found.data() == expected.data() && found.size() == expected.size(), "it finds something else", text);
        at = found.data() + found.size();
    }
    require(scanner.next(at).empty(), "it finds too much", text);

    auto address = IPAddress::parse(text);
    require(scanner.is_wanted(text) == (address && wanted.contains(*address)), "wrong about the whole text", text);
    return 0;
}
