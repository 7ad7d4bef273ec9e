// SPDX-License-Identifier: BSL-1.0
#include <bight/error.h>

#include <gtest/gtest.h>

#include <cerrno>

namespace bight {
namespace {

/// Whether `errnum` is raised as E, and says so in the words of the message.
template <class E>
void expect_class(int errnum) {
    try {
        raise_os_error(errnum, "a call");
    } catch (const E& error) {
        EXPECT_EQ(error.errnum(), errnum);
        EXPECT_EQ(error.code(), std::error_code(errnum, std::generic_category()));
        EXPECT_EQ(std::string(error.what()).substr(0, 8), "a call: ");
        return;
    } catch (const std::exception& error) {
        ADD_FAILURE() << errnum << " raised another class: " << error.what();
    }
}

TEST(Error, each_errno_raises_the_class_that_python_raises) {
    expect_class<BlockingIOError>(EAGAIN);
    expect_class<BlockingIOError>(EALREADY);
    expect_class<BlockingIOError>(EINPROGRESS);
    expect_class<ChildProcessError>(ECHILD);
    expect_class<BrokenPipeError>(EPIPE);
    expect_class<BrokenPipeError>(ESHUTDOWN);
    expect_class<ConnectionAbortedError>(ECONNABORTED);
    expect_class<ConnectionRefusedError>(ECONNREFUSED);
    expect_class<ConnectionResetError>(ECONNRESET);
    expect_class<ConnectionError>(ECONNRESET);
    expect_class<FileExistsError>(EEXIST);
    expect_class<FileNotFoundError>(ENOENT);
    expect_class<InterruptedError>(EINTR);
    expect_class<IsADirectoryError>(EISDIR);
    expect_class<NotADirectoryError>(ENOTDIR);
    expect_class<PermissionError>(EACCES);
    expect_class<PermissionError>(EPERM);
    expect_class<ProcessLookupError>(ESRCH);
    expect_class<TimeoutError>(ETIMEDOUT);
    expect_class<OSError>(EMFILE);
    EXPECT_THROW(raise_os_error(EMFILE, "a call"), std::system_error);
}

TEST(Error, compares_with_the_portable_conditions) {
    try {
        raise_os_error(ECONNREFUSED, "connect to 10.0.0.7:443");
    } catch (const OSError& error) {
        EXPECT_TRUE(error.code() == std::errc::connection_refused);
        EXPECT_STREQ(error.what(), "connect to 10.0.0.7:443: connection refused");
    }
    EXPECT_TRUE(Errno(ECONNRESET) == std::errc::connection_reset);
    EXPECT_FALSE(Errno(ECONNRESET) == std::errc::timed_out);
}

TEST(Error, a_limit_says_timed_out) { EXPECT_EQ(Errno(ETIMEDOUT).message(), "timed out"); }

TEST(Error, abbreviations_keep_their_capitals) {
    EXPECT_EQ(Errno(EIO).message(), "input/output error");
    EXPECT_EQ(Errno(ERFKILL).message().substr(0, 9), "operation");
    EXPECT_EQ(Errno(ENOTSOCK).message(), "socket operation on non-socket");
}

TEST(Error, a_closed_object_is_an_os_error_with_ebadf) {
    ClosedError error("recv");
    const OSError& base = error;
    EXPECT_EQ(base.errnum(), EBADF);
    EXPECT_STREQ(base.what(), "recv: closed before");
}

TEST(Error, the_resolver_has_numbers_of_its_own) {
    GaiError error(-2, "resolve 'nowhere'");
    EXPECT_EQ(error.errnum(), -2);
    EXPECT_STREQ(error.what(), "resolve 'nowhere': name or service not known");
    EXPECT_FALSE(error.code());
}

TEST(Error, copies_do_not_throw) { static_assert(std::is_nothrow_copy_constructible_v<OSError>); }

TEST(Error, a_result_is_returned_in_registers) {
    static_assert(std::is_trivially_copy_constructible_v<Result<std::size_t>>);
    static_assert(std::is_trivially_destructible_v<Result<std::size_t>> && sizeof(Result<std::size_t>) == 16);
}

}  // namespace
}  // namespace bight
