// SPDX-License-Identifier: BSL-1.0
#include "serve_context.h"

#include <bight/error.h>

#include <fmt/core.h>

#include <cerrno>
#include <new>

#include <sys/mman.h>

namespace bight::tool {

std::string Tally::to_string() const {
    auto text = fmt::format("{} connections, ", connections.load());
    if (datagrams) text += fmt::format("{} datagrams, ", datagrams.load());
    text += fmt::format("{} bytes in, {} bytes out", received.load(), sent.load());
    if (auto count = refused + refused_later) text += fmt::format(", {} refused", count);
    if (failed) text += fmt::format(", {} failed", failed.load());
    if (dropped) text += fmt::format(", {} answers dropped", dropped.load());
    return text;
}

Tally& shared_tally() {
    static_assert(Tally::Count::is_always_lock_free);  // so that it works between processes
    void* memory = ::mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) raise_os_error(errno, "mmap");
    return *::new (memory) Tally();
}

}  // namespace bight::tool
