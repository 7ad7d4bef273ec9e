// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "sys/seam.h"

#include <atomic>
#include <functional>
#include <mutex>
#include <random>

namespace bight::testing {

/// Decides about each call while it lives. Built without the seam there is nothing to decide: the tests that need it
/// are not compiled then.
class Faults : public sys::Injector {
public:
    using Decide = std::function<sys::Fault(sys::Call)>;

    explicit Faults(Decide decide) : decide_(std::move(decide)), before_(sys::seam::install(this)) {}
    ~Faults() override { sys::seam::install(before_); }
    Faults(const Faults&) = delete;
    Faults& operator=(const Faults&) = delete;

    sys::Fault before(sys::Call call) noexcept override {
        std::lock_guard lock(mutex_);
        return decide_(call);
    }

private:
    std::mutex mutex_;
    Decide decide_;
    sys::Injector* before_;
};

/// Fails the calls of one kind from the first on, `times` times.
inline Faults::Decide fail(sys::Call which, int errnum, int times = 1) {
    return [=](sys::Call call) mutable -> sys::Fault {
        if (call != which || times == 0) return {};
        --times;
        return {errnum};
    };
}

/// Each call of one of these kinds moves one byte, and every third is interrupted.
inline Faults::Decide trickle() {
    return [calls = 0](sys::Call call) mutable -> sys::Fault {
        using enum sys::Call;
        if (call != recv && call != send && call != recvfrom && call != poll) return {};
        if (++calls % 3 == 0) return {EINTR};
        return call == recv || call == send ? sys::Fault{0, 1} : sys::Fault{};
    };
}

}  // namespace bight::testing
