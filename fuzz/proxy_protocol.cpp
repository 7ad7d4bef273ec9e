// SPDX-License-Identifier: BSL-1.0
/// Any bytes as a header of the PROXY protocol: however it comes in pieces, the answer is one, and nothing behind the
/// header is touched.
#include "fuzz/require.h"

#include <bight/proxy_protocol.h>

#include <algorithm>
#include <optional>

using namespace bight;
using namespace bight::proxy_protocol;
using bight::fuzz::require;

namespace {

struct Outcome {
    std::optional<Header> header;
    bool refused = false;
    std::size_t taken = 0;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// In pieces of `size`, or as the parser wants them.
Outcome read(std::string_view text, std::size_t size) {
    Parser parser;
    Outcome outcome;
    try {
        while (!parser.done() && outcome.taken < text.size()) {
            auto wanted = size ? size : parser.wanted();
            require(wanted > 0, "it wants nothing, and is not done", text);
            auto piece = text.substr(outcome.taken, wanted);
            auto taken = parser.feed(Bytes(piece));
            require(taken == piece.size() || (size && parser.done()), "it leaves what belongs to it, or wants too much",
                    text);
            outcome.taken += taken;
        }
        if (parser.done()) outcome.header = parser.header();
    } catch (const Error&) {
        outcome.refused = true;
        outcome.taken = 0;
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    auto text = bight::fuzz::text_of(data, size);
    auto whole = read(text, std::max<std::size_t>(size, 1));
    require(read(text, 1) == whole, "byte by byte it is something else", text);
    require(read(text, 0) == whole, "as wanted it is something else", text);
    if (!whole.header) return 0;
    const auto& header = *whole.header;
    require(header.version == 2 || whole.taken <= longest_line, "a longer line", text);
    require(whole.taken <= default_limit, "more than the limit", text);
    auto again = header.to_bytes();
    auto reread = read(again, again.size());
    require(reread.header == header && reread.taken == again.size(), "its own bytes are something else", text);
    (void)header.ssl();
    return 0;
}
