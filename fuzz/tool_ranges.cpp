// SPDX-License-Identifier: BSL-1.0
/// Lists of ranges as the tool takes them: read or refused with a reason, and the set holds what was said.
#include "fuzz/require.h"

#include "ip_lines.h"

#include <bight/error.h>
#include <bight/ipaddress.h>

#include <string>

using namespace bight::ipaddress;
using namespace bight::tool;
using bight::fuzz::require;

namespace {

/// Whether it is a range.
bool check_range(std::string_view text, bool loose) {
    try {
        auto range = parse_range(text, loose);
        require(range.first().version() == range.last().version() && range.first() <= range.last(), "no range", text);
        require(parse_range(range.to_string(), false) == range, "its own text is another range", text);
        require(AddressSet{range}.contains(range), "the set does not hold it", text);
        return true;
    } catch (const bight::ValueError& error) {
        require(error.what()[0] != '\0' && std::string_view(error.what()).size() < 3000, "no reason, or a long one",
                text);
        return false;
    }
}

bool check_list(std::string_view text, bool loose) {
    AddressSetBuilder builder;
    try {
        add_ranges(builder, text, loose);
    } catch (const bight::ValueError&) {
        return false;
    }
    auto set = builder.build();
    require(is_ranges(text), "read, but not seen to be ranges", text);
    AddressSetBuilder again;
    for (const auto& network : set.networks()) add_ranges(again, network.to_string(), false);
    require(again.build() == set, "its networks are another set", text);
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    auto text = bight::fuzz::text_of(data, size);
    bool strict = check_range(text, false), loose = check_range(text, true);
    require(loose || !strict, "refused loosely", text);
    if (text.find(',') == text.npos) require(check_list(text, true) == loose, "one range is a list too", text);
    require(check_list(text, true) || !check_list(text, false), "a list is refused loosely", text);
    // What is seen to be ranges can be refused for the order of a range, or its two versions, alone.
    if (is_ranges(text) && text.find('-') == text.npos) require(check_list(text, true), "seen, but not read", text);
    return 0;
}
