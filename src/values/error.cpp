// SPDX-License-Identifier: BSL-1.0
#include <bight/error.h>

#include "values/raise.h"

#include <cerrno>

namespace bight {
namespace {

/// The platform's sentence without its capital, for it stands after a colon; "I/O" and the like keep theirs.
std::string lowered(std::string text) {
    auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (text.size() > 1 && is_upper(text[0]) && text[1] >= 'a' && text[1] <= 'z')
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return text;
}

std::string sentence(std::string_view context, std::string_view reason) {
    std::string text(context);
    if (!text.empty()) text += ": ";
    return text += reason;
}

}  // namespace

std::string Errno::message() const {
    if (number_ == ETIMEDOUT) return "timed out";
    return lowered(std::generic_category().message(number_));
}

OSError::OSError(int errnum, std::string_view context)
    : OSError(std::error_code(errnum, std::generic_category()), errnum, sentence(context, Errno(errnum).message())) {}

OSError::OSError(const std::string& message) : OSError(std::error_code(), 0, message) {}

OSError::OSError(std::error_code code, int errnum, const std::string& text)
    : std::system_error(code), errnum_(errnum), text_(text) {}

ClosedError::ClosedError(std::string_view call)
    : OSError(std::error_code(EBADF, std::generic_category()), EBADF, sentence(call, "closed before")) {}

GaiError::GaiError(int code, std::string_view context)
    : OSError(std::error_code(), code, sentence(context, gai_message(code))) {}

HError::HError(int code, std::string_view context)
    : OSError(std::error_code(), code, sentence(context, host_message(code))) {}

void raise_os_error(int errnum, std::string_view context) {
    switch (errnum) {
        case EAGAIN:
        case EALREADY:
        case EINPROGRESS: throw BlockingIOError(errnum, context);
        case ECHILD: throw ChildProcessError(errnum, context);
        case EPIPE:
        case ESHUTDOWN: throw BrokenPipeError(errnum, context);
        case ECONNABORTED: throw ConnectionAbortedError(errnum, context);
        case ECONNREFUSED: throw ConnectionRefusedError(errnum, context);
        case ECONNRESET: throw ConnectionResetError(errnum, context);
        case EEXIST: throw FileExistsError(errnum, context);
        case ENOENT: throw FileNotFoundError(errnum, context);
        case EINTR: throw InterruptedError(errnum, context);
        case EISDIR: throw IsADirectoryError(errnum, context);
        case ENOTDIR: throw NotADirectoryError(errnum, context);
        case EACCES:
        case EPERM: throw PermissionError(errnum, context);
        case ESRCH: throw ProcessLookupError(errnum, context);
        case ETIMEDOUT: throw TimeoutError(errnum, context);
        default: throw OSError(errnum, context);
    }
}

}  // namespace bight
