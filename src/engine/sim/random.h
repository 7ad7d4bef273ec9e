// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <cstdint>

namespace bight::engine::sim {

/// Spreads every bit of a number over all of another one (the finaliser of SplitMix64).
constexpr std::uint64_t mixed(std::uint64_t number) noexcept {
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
    number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
    return number ^ (number >> 31);
}

/// All chance there is in a simulation: SplitMix64.
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(mixed(seed)) {}

    std::uint64_t next() noexcept { return mixed(state_ += 0x9e3779b97f4a7c15u); }

    /// 0 … bound - 1.
    std::uint64_t below(std::uint64_t bound) noexcept { return bound < 2 ? 0 : next() % bound; }

    /// 1 … most.
    std::uint64_t one_to(std::uint64_t most) noexcept { return 1 + below(most); }

    bool chance(double probability) noexcept {
        return probability > 0 && static_cast<double>(next() >> 11) * 0x1p-53 < probability;
    }

    Duration up_to(Duration most) noexcept {
        return most <= Duration::zero()
                   ? Duration::zero()
                   : Duration(static_cast<Duration::rep>(below(static_cast<std::uint64_t>(most.count()) + 1)));
    }

private:
    std::uint64_t state_;
};

/// What has happened, as one number: two runs are the same if theirs are.
class Trace {
public:
    void add(std::uint64_t what) noexcept { hash_ = mixed(hash_ + what); }
    std::uint64_t hash() const noexcept { return hash_; }

private:
    std::uint64_t hash_ = 0x6a09e667f3bcc908u;
};

}  // namespace bight::engine::sim
