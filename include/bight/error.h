// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <expected>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace bight {

// ---- Errors as values: below the surface, and in every try_ call. ------------------------------------------------------

/// An error number of the operating system, such as ECONNRESET. See errno(3).
class Errno {
public:
    constexpr explicit Errno(int number) noexcept : number_(number) {}

    constexpr int number() const noexcept { return number_; }

    /// "connection reset by peer"; "timed out" for ETIMEDOUT.
    std::string message() const;

    friend constexpr bool operator==(Errno, Errno) noexcept = default;

    /// Compares with the portable conditions: `result.error() == std::errc::connection_reset`.
    friend constexpr bool operator==(Errno error, std::errc condition) noexcept {
        return error.number_ == static_cast<int>(condition);
    }

private:
    int number_;
};

/// A value, or the error number that the kernel gave instead of one.
template <class T>
using Result = std::expected<T, Errno>;

// ---- Python's tree of exceptions: what public calls raise. -------------------------------------------------------------

/// The system, or the resolver, refused. The message names the call and the address.
///
/// A std::system_error: `error.code() == std::errc::connection_refused` works.
class OSError : public std::system_error {
public:
    /// `context` is what was tried: "connect to 10.0.0.7:443".
    OSError(int errnum, std::string_view context);

    /// An error without a number, as Python's "service/proto not found": errnum() is 0.
    explicit OSError(const std::string& message);

    /// The errno, or the resolver's number for GaiError and HError.
    int errnum() const noexcept { return errnum_; }

    const char* what() const noexcept override { return text_.what(); }

protected:
    OSError(std::error_code code, int errnum, const std::string& text);

private:
    int errnum_;
    std::runtime_error text_;  // its string is shared, so that copying an exception cannot fail
};

// Each of these is raised for the errno values that Python's class of the same name stands for.
// clang-format off
class BlockingIOError : public OSError { using OSError::OSError; };        // EAGAIN, EALREADY, EINPROGRESS
class ChildProcessError : public OSError { using OSError::OSError; };      // ECHILD
class ConnectionError : public OSError { using OSError::OSError; };        // the four below
class BrokenPipeError : public ConnectionError { using ConnectionError::ConnectionError; };         // EPIPE, ESHUTDOWN
class ConnectionAbortedError : public ConnectionError { using ConnectionError::ConnectionError; };  // ECONNABORTED
class ConnectionRefusedError : public ConnectionError { using ConnectionError::ConnectionError; };  // ECONNREFUSED
class ConnectionResetError : public ConnectionError { using ConnectionError::ConnectionError; };    // ECONNRESET
class FileExistsError : public OSError { using OSError::OSError; };        // EEXIST
class FileNotFoundError : public OSError { using OSError::OSError; };      // ENOENT
class InterruptedError : public OSError { using OSError::OSError; };       // EINTR
class IsADirectoryError : public OSError { using OSError::OSError; };      // EISDIR
class NotADirectoryError : public OSError { using OSError::OSError; };     // ENOTDIR
class PermissionError : public OSError { using OSError::OSError; };        // EACCES, EPERM
class ProcessLookupError : public OSError { using OSError::OSError; };     // ESRCH
class TimeoutError : public OSError { using OSError::OSError; };           // ETIMEDOUT, and every limit of ours

// clang-format on

/// A call on an object that was closed before: a bug of the caller. Its errnum() is EBADF, as in Python.
class ClosedError : public OSError {
public:
    explicit ClosedError(std::string_view call);
};

/// A name or a service could not be resolved; errnum() is one of EAI_… of getaddrinfo(3).
class GaiError : public OSError {
public:
    GaiError(int code, std::string_view context);
};

/// What the database of hosts answers instead of a host; errnum() is one of HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY and
/// NO_DATA of gethostbyname(3).
class HError : public OSError {
public:
    HError(int code, std::string_view context);
};

// ---- Errors that no system call made. ----------------------------------------------------------------------------------

/// What went wrong is in the use of the program: no loop runs here, or one does already.
class RuntimeError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A text or a combination of arguments that cannot be used.
class ValueError : public std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// A number outside the range of its field, such as a port.
class OverflowError : public std::overflow_error {
    using std::overflow_error::overflow_error;
};

/// Arguments that do not go together, such as addresses of two versions.
class TypeError : public std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// A position outside of a sequence.
class IndexError : public std::out_of_range {
    using std::out_of_range::out_of_range;
};

/// An object that is not registered, or is registered already.
class KeyError : public std::out_of_range {
    using std::out_of_range::out_of_range;
};

/// Two uses at once of what admits one: a bug of the caller.
class BusyError : public std::logic_error {
    using std::logic_error::logic_error;
};

/// A line or a record grew past its limit. Nothing is lost: what was read stays in the reader.
class LimitOverrunError : public std::length_error {
public:
    LimitOverrunError(const std::string& message, std::size_t consumed)
        : std::length_error(message), consumed_(consumed) {}

    /// How many bytes of the record wait in the reader.
    std::size_t consumed() const noexcept { return consumed_; }

private:
    std::size_t consumed_;
};

/// Several errors at once, as Python's: none of them is the one that counts.
class ExceptionGroup : public std::runtime_error {
public:
    ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions)
        : std::runtime_error(message),
          exceptions_(std::make_shared<const std::vector<std::exception_ptr>>(std::move(exceptions))) {}

    const std::vector<std::exception_ptr>& exceptions() const noexcept { return *exceptions_; }

private:
    std::shared_ptr<const std::vector<std::exception_ptr>> exceptions_;  // shared: copies cannot fail
};

/// Raises the class of the tree that stands for `errnum`.
[[noreturn]] void raise_os_error(int errnum, std::string_view context);
[[noreturn]] inline void raise_os_error(Errno error, std::string_view context) {
    raise_os_error(error.number(), context);
}

}  // namespace bight
