// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

// Where tests come between the library and the kernel. Every function of sys/calls.h asks the seam before it calls;
// built without BIGHT_FAULTS, as releases are, the question is a constant and nothing of it is left.
namespace bight::sys {

/// The calls that can be made to fail, by their names in section 2 of the manual.
enum class Call : unsigned char {
    accept4,
    bind,
    clock_gettime,
    clone,
    close,
    connect,
    epoll_create1,
    epoll_ctl,
    epoll_wait,
    eventfd,
    fchmod,
    fcntl,
    flock,
    fork,
    fstatfs,
    fsync,
    ftruncate,
    futex,
    getaddrinfo,
    gethostbyaddr,
    gethostbyname,
    gethostname,
    getnameinfo,
    getpeername,
    getprotobyname,
    getservbyname,
    getservbyport,
    getsockname,
    getsockopt,
    if_indextoname,
    if_nameindex,
    if_nametoindex,
    io_uring_enter,
    io_uring_register,
    io_uring_setup,
    kill,
    link,
    listen,
    lseek,
    mmap,
    open,
    openat2,
    pidfd_open,
    pipe2,
    poll,
    pread,
    read,
    recv,
    recvfrom,
    recvmmsg,
    recvmsg,
    rename,
    renameat2,
    rt_sigprocmask,
    select,
    send,
    sendfile,
    sendmmsg,
    sendmsg,
    sendto,
    sethostname,
    setsockopt,
    shutdown,
    signalfd,
    socket,
    socketpair,
    splice,
    stat,
    unlink,
    wait4,
    write,
};

/// What becomes of one call.
struct Fault {
    int errnum = 0;                  // not 0: the call is not made, and fails with this
    std::size_t at_most = SIZE_MAX;  // the bytes it is allowed to move: a short count
};

/// A test's own part. Called from any thread that makes a call.
class Injector {
public:
    virtual ~Injector() = default;
    virtual Fault before(Call call) noexcept = 0;
};

namespace seam {

#ifdef BIGHT_FAULTS
inline constexpr bool built = true;
/// Puts `injector`, null for none, in place and returns the one before.
Injector* install(Injector* injector) noexcept;
Fault consult(Call call) noexcept;
#else
inline constexpr bool built = false;
constexpr Fault consult(Call) noexcept { return {}; }
#endif

}  // namespace seam
}  // namespace bight::sys
