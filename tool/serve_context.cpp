// SPDX-License-Identifier: BSL-1.0
#include "serve_context.h"

#include <fmt/core.h>

namespace bight::tool {

std::string Tally::to_string() const {
    auto text = fmt::format("{} connections, ", connections.load());
    if (datagrams) text += fmt::format("{} datagrams, ", datagrams.load());
    text += fmt::format("{} bytes in, {} bytes out", received.load(), sent.load());
    if (refused) text += fmt::format(", {} refused", refused.load());
    if (failed) text += fmt::format(", {} failed", failed.load());
    if (dropped) text += fmt::format(", {} answers dropped", dropped.load());
    return text;
}

void StyleServer::bound(Scheme scheme, const Address& address) {
    paths_.emplace_back(address);
    endpoints_.push_back(Endpoint::of(scheme, address));
}

}  // namespace bight::tool
