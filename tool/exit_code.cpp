// SPDX-License-Identifier: BSL-1.0
#include "exit_code.h"

#include <bight/error.h>

namespace bight::tool {
namespace {

template <class... Kinds>
bool is_one_of(const std::exception& error) noexcept {
    return (... || (dynamic_cast<const Kinds*>(&error) != nullptr));
}

}  // namespace

int exit_code_of(const std::exception& error, Step step) noexcept {
    if (is_one_of<ValueError, OverflowError>(error)) return exit_code::usage;
    if (is_one_of<GaiError, HError>(error)) return exit_code::resolve;
    if (is_one_of<TimeoutError>(error)) return exit_code::timeout;
    if (step == Step::connecting && is_one_of<OSError>(error)) return exit_code::connect;
    if (is_one_of<ConnectionRefusedError>(error)) return exit_code::connect;
    if (is_one_of<ConnectionError>(error)) return exit_code::reset;
    return exit_code::no;
}

}  // namespace bight::tool
