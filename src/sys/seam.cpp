// SPDX-License-Identifier: BSL-1.0
#include "sys/seam.h"

#ifdef BIGHT_FAULTS

#include <atomic>

namespace bight::sys::seam {
namespace {

std::atomic<Injector*> injector_in_place{nullptr};

}  // namespace

Injector* install(Injector* injector) noexcept { return injector_in_place.exchange(injector); }

Fault consult(Call call) noexcept {
    Injector* injector = injector_in_place.load(std::memory_order_acquire);
    return injector ? injector->before(call) : Fault{};
}

}  // namespace bight::sys::seam

#endif
