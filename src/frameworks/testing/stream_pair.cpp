// SPDX-License-Identifier: BSL-1.0
#include <bight/testing/stream_pair.h>

#include <bight/error.h>

#include "asyncio/loop_state.h"
#include "engine/sim/engine.h"
#include "engine/sim/stream.h"
#include "sys/calls.h"

#include <utility>

namespace bight::testing {

StreamPair stream_pair() {
    engine::Engine& engine = *asyncio::detail::Loop::running().engine;
    if (auto* simulation = dynamic_cast<engine::sim::SimEngine*>(&engine)) {
        auto pair = engine::sim::StreamChannel::pair(*simulation);
        if (!pair) raise_os_error(pair.error(), "stream_pair");
        return {Stream(std::move(pair->a)), Stream(std::move(pair->b))};
    }
    auto made = sys::socketpair(Family::unix_domain, Kind::stream, 0);
    if (!made) raise_os_error(made.error(), "socketpair");
    FileDescriptor first(made->first), second(made->second);
    auto a = engine.adopt(std::move(first), engine::Role::stream);
    if (!a) raise_os_error(a.error(), "stream_pair");
    auto b = engine.adopt(std::move(second), engine::Role::stream);
    if (!b) raise_os_error(b.error(), "stream_pair");
    return {Stream(std::move(*a)), Stream(std::move(*b))};
}

}  // namespace bight::testing
