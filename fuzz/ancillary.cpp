// SPDX-License-Identifier: BSL-1.0
/// Any bytes as ancillary data: the walk ends, stays inside, and whatever is asked of them has an answer.
#include "fuzz/require.h"

#include <bight/ancillary.h>

using namespace bight;
using bight::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    auto text = bight::fuzz::text_of(data, size);
    auto* begin = reinterpret_cast<const std::byte*>(data);
    AncillaryView view({begin, size});
    std::size_t items = 0;
    for (const auto& item : view) {
        require(++items <= size / 16, "more items than there is room for", text);
        require(item.data.empty() || (item.data.begin() >= begin && item.data.end() <= begin + size),
                "an item that reaches outside", text);
    }
    require(view.empty() == (items == 0), "empty, and yet it has items", text);
    (void)view.credentials(), (void)view.timestamp(), (void)view.ttl(), (void)view.traffic_class(), (void)view.ecn();
    (void)view.drops(), (void)view.segment_size();
    if (auto info = view.packet_info()) require(!info->local.host().empty(), "an address without text", text);
    return 0;
}
