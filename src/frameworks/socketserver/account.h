// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace bight::socketserver {

/// How many requests were begun, how many of those run, and how many were refused. The first two are one word, so that
/// both are read of the same moment, whichever threads, or processes that share the memory, change them meanwhile.
class alignas(64) Account {
public:
    struct Reading {
        std::uint64_t begun;
        std::uint64_t running;
        std::uint64_t ended() const noexcept { return begun - running; }
    };

    void begin() noexcept { word_ += one_begun + 1; }
    void end() noexcept { --word_; }

    /// One that was begun is refused after all.
    void refuse_begun() noexcept {
        word_ -= one_begun + 1;
        ++refused_;
    }
    void refuse() noexcept { ++refused_; }
    void refuse_proxy() noexcept { ++refused_proxies_; }

    void count_late() noexcept { ++late_; }
    void count_slow() noexcept { ++slow_; }
    std::uint64_t late() const noexcept { return late_; }
    std::uint64_t slow() const noexcept { return slow_; }

    Reading read() const noexcept {
        std::uint64_t word = word_;
        return {word / one_begun, word % one_begun};
    }
    std::uint64_t refused() const noexcept { return refused_; }
    std::uint64_t refused_proxies() const noexcept { return refused_proxies_; }

private:
    static constexpr std::uint64_t one_begun = std::uint64_t{1} << 20;  // below it, those that run

    std::atomic<std::uint64_t> word_ = 0;
    std::atomic<std::uint64_t> refused_ = 0;
    std::atomic<std::uint64_t> refused_proxies_ = 0;
    std::atomic<std::uint64_t> late_ = 0;
    std::atomic<std::uint64_t> slow_ = 0;
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);  // so that it works between processes
};

}  // namespace bight::socketserver
