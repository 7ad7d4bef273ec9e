// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "bench.h"
#include "latencies.h"

#include <bight/asyncio.h>
#include <bight/endpoint.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace bight::tool {

/// One run, and what it has measured so far.
struct BenchRun {
    using TimePoint = engine::TimePoint;

    const BenchOptions& options;
    Endpoint target;
    std::string request;  // options.size bytes, of which no two neighbours are alike
    TimePoint begin{};
    TimePoint end{};  // nothing counts that is answered later
    Latencies latencies;
    std::uint64_t requests = 0;    // that were answered
    std::uint64_t unanswered = 0;  // at a fixed rate: that were due, and had no answer at the end
    std::uint64_t errors = 0;      // connections that broke, or answered something else
    std::uint64_t lost = 0;        // datagrams without an answer
    std::string first_error;
    std::string port_of;  // of datagrams: the address that they go to

    explicit BenchRun(const BenchOptions& how);

    TimePoint now() const noexcept { return asyncio::get_running_loop().time(); }

    /// An answer has come to what was sent, or to have been sent, then.
    void answered(TimePoint sent) noexcept {
        TimePoint at = now();
        if (at > end) return unanswered_at_end(sent);
        latencies.record(at - sent);
        ++requests;
    }

    /// A datagram has no answer yet, and is not waited for any more: it took so long at the least.
    void lost_by_now(TimePoint sent) noexcept {
        latencies.record(now() - sent);
        ++lost;
    }

    /// At the end of the run there is no answer yet to what was sent, or to have been sent, then: it takes so long at the
    /// least. Without a rate each connection has such ones, of which only those tell that took longer than all others.
    void unanswered_at_end(TimePoint sent) noexcept {
        TimePoint over = std::min(now(), end);
        if (sent > over) return;
        if (options.rate) ++unanswered;
        if (options.rate || over - sent > latencies.most()) latencies.record(over - sent);
    }

    /// At a fixed rate: nor were the requests of connection `index` sent that were due, from `number` on. Of very many
    /// some stand for all.
    void unsent_at_end(std::size_t index, std::uint64_t number) noexcept;

    void failed(const std::string& why) {
        if (errors++ == 0) first_error = why;
    }

    /// When request `number` of connection `index` is to be sent, at a fixed rate.
    TimePoint scheduled(std::size_t index, std::uint64_t number) const noexcept;

    /// Whether the `size` bytes of an answer from `offset` on are what was sent.
    bool is_echo(Bytes data, std::size_t offset) const noexcept;
};

/// Requests over one connection or port, until the end of the run or an error, which is counted. Cancelled, it ends.
Task<> bench_stream(BenchRun* run, Stream stream, std::size_t index);
Task<> bench_datagrams(BenchRun* run, asyncio::Datagram port, std::size_t index);

}  // namespace bight::tool
