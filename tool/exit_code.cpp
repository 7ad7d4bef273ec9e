// SPDX-License-Identifier: BSL-1.0
#include "exit_code.h"

#include <bight/error.h>

#include <cerrno>

namespace bight::tool {
namespace {

template <class... Kinds>
bool is_one_of(const std::exception& error) noexcept {
    return (... || (dynamic_cast<const Kinds*>(&error) != nullptr));
}

/// Whether this process or machine has run out of something, whoever was to be connected to.
bool is_shortage(const std::exception& error) noexcept {
    auto* os_error = dynamic_cast<const OSError*>(&error);
    if (!os_error) return false;
    switch (os_error->errnum()) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM: return true;
        default: return false;
    }
}

}  // namespace

int exit_code_of(const std::exception& error, Step step) noexcept {
    if (is_one_of<ValueError, OverflowError>(error)) return exit_code::usage;
    if (is_one_of<GaiError, HError>(error)) return exit_code::resolve;
    if (is_one_of<TimeoutError>(error)) return exit_code::timeout;
    if (is_shortage(error)) return exit_code::no;
    if (step == Step::connecting && is_one_of<OSError>(error)) return exit_code::connect;
    if (is_one_of<ConnectionRefusedError>(error)) return exit_code::connect;
    if (is_one_of<ConnectionError>(error)) return exit_code::reset;
    return exit_code::no;
}

}  // namespace bight::tool
