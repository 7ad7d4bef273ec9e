// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include "sys/seam.h"

#include <cerrno>
#include <cstddef>

namespace bight::sys {

inline std::unexpected<Errno> failed(int errnum) noexcept { return std::unexpected(Errno(errnum)); }

/// Makes a call that answers -1 for an error, after asking the seam.
template <class Function>
auto checked(Call call, Function function) noexcept -> Result<decltype(function())> {
    if constexpr (seam::built)
        if (Fault fault = seam::consult(call); fault.errnum != 0) return failed(fault.errnum);
    auto answer = function();
    if (answer == -1) [[unlikely]]
        return failed(errno);
    return answer;
}

template <class Function>
Result<void> checked_void(Call call, Function function) noexcept {
    auto answer = checked(call, function);
    if (!answer) return std::unexpected(answer.error());
    return {};
}

/// As checked(), for a call that moves up to `size` bytes: `function` is told how many it may.
template <class Function>
Result<std::size_t> moved(Call call, std::size_t size, Function function) noexcept {
    if constexpr (seam::built) {
        Fault fault = seam::consult(call);
        if (fault.errnum != 0) return failed(fault.errnum);
        if (fault.at_most < size) size = fault.at_most;
    }
    auto count = function(size);
    if (count < 0) [[unlikely]]
        return failed(errno);
    return static_cast<std::size_t>(count);
}

}  // namespace bight::sys
