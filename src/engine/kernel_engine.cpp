// SPDX-License-Identifier: BSL-1.0
#include "engine/kernel_engine.h"

#include <bight/socket.h>

#include "sys/calls.h"
#include "sys/processes.h"
#include "values/cmsg_layout.h"

#include <cerrno>
#include <chrono>
#include <utility>

namespace bight::engine {
namespace {

// While there is something to run, the kernel is not asked again before: a question takes as long as ten tasks that go on.
constexpr Duration between_questions = std::chrono::microseconds(10);

bool has_ports(Family family) noexcept { return family == Family::inet || family == Family::inet6; }

Result<void> set(const FileDescriptor& fd, int level, int option, int value) noexcept {
    return sys::setsockopt_int(fd.fileno(), level, option, value);
}

/// For streams: what is written goes out at once.
Result<void> set_stream_options(const FileDescriptor& fd, Family family) noexcept {
    if (!has_ports(family)) return {};
    return set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

}  // namespace

Result<FileDescriptor> KernelEngine::open(Family family, Kind kind) const noexcept {
    auto fd = sys::socket(family, wants_nonblocking() ? Kind(kind.value | SOCK_NONBLOCK) : kind, 0);
    if (!fd) return std::unexpected(fd.error());
    return FileDescriptor(*fd);
}

TimePoint KernelEngine::now() noexcept { return sys::now(); }

void KernelEngine::run_once(bool wait, std::optional<TimePoint> deadline) noexcept {
    ++counters_.turns;
    if (wait) return turn(true, deadline);
    if (!is_in_use()) return;
    auto time = sys::now();
    if (time - asked_ < between_questions && !has_requests()) return datagrams_.flush();
    asked_ = time;
    turn(false, std::nullopt);
}

std::size_t KernelEngine::channel_limit() const noexcept { return sys::descriptor_limit(); }

Result<ChannelOwner> KernelEngine::listen(const Address& where, const ListenOptions& options) noexcept {
    Family family = where.family();
    auto fd = open(family, Kind::stream);
    if (!fd) return std::unexpected(fd.error());
    Result<void> done = set_stream_options(*fd, family);  // connections have them from the listener
    if (done && options.reuse_address && has_ports(family)) done = set(*fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (done && options.reuse_port && has_ports(family)) done = set(*fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (done && family == Family::inet6) done = set(*fd, IPPROTO_IPV6, IPV6_V6ONLY, options.dualstack ? 0 : 1);
    if (done) done = sys::bind(fd->fileno(), where);
    if (done) done = sys::listen(fd->fileno(), options.backlog);
    if (!done) return std::unexpected(done.error());
    return adopt(std::move(*fd), Role::listener);
}

Result<ChannelOwner> KernelEngine::open_stream(Family family, const Address* from) noexcept {
    auto fd = open(family, Kind::stream);
    if (!fd) return std::unexpected(fd.error());
    Result<void> done = set_stream_options(*fd, family);
    if (done && from) done = sys::bind(fd->fileno(), *from);
    if (!done) return std::unexpected(done.error());
    return adopt(std::move(*fd), Role::stream);
}

Result<ChannelOwner> KernelEngine::open_datagrams(Family family, const Address* local, const Address* remote,
                                                  const DatagramOptions& options) noexcept {
    auto fd = open(family, Kind::datagram);
    if (!fd) return std::unexpected(fd.error());
    Result<void> done;
    if (options.reuse_port && has_ports(family)) done = set(*fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (done && options.broadcast) done = set(*fd, SOL_SOCKET, SO_BROADCAST, 1);
    if (options.trains && has_ports(family)) (void)set(*fd, IPPROTO_UDP, cmsg::udp_gro, 1);
    if (done && local) done = sys::bind(fd->fileno(), *local);
    if (done && remote) done = sys::connect(fd->fileno(), *remote);
    if (!done) return std::unexpected(done.error());
    return adopt(std::move(*fd), Role::datagram);
}

// ---- Calls that never wait. --------------------------------------------------------------------------------------------

bool KernelChannel::has_input() const noexcept { return has_unread() || sys::readable_bytes(fd_).value_or(0) > 0; }
Result<void> KernelChannel::shutdown(int how) noexcept { return sys::shutdown(fd_, how); }
Result<Address> KernelChannel::local() const noexcept { return sys::getsockname(fd_); }
Result<Address> KernelChannel::peer() const noexcept { return sys::getpeername(fd_); }

bool KernelChannel::lend() noexcept {
    if (loans_ == most_loans) return false;
    if (loans_ == 0) {
        auto does_not_block = sys::is_nonblocking(fd_);
        if (!does_not_block) return false;
        blocks_ = !*does_not_block;
        if (blocks_ && !sys::set_nonblocking(fd_, true)) return false;
    }
    ++loans_;
    return true;
}

void KernelChannel::give_back() noexcept {
    if (loans_ == 0) return;
    --loans_;
    if (loans_ == 0 && blocks_) (void)sys::set_nonblocking(fd_, false);
}

Result<void> KernelChannel::passes_fds() noexcept {
    if (passes_fds_) return {};
    auto own = sys::getsockname(fd_);
    if (!own) return std::unexpected(own.error());
    passes_fds_ = own->family() == Family::unix_domain;
    if (!passes_fds_) return std::unexpected(Errno(EOPNOTSUPP));
    return {};
}

Result<void> KernelChannel::set_option(int level, int option, Bytes value) noexcept {
    return sys::setsockopt(fd_, level, option, value);
}

Result<std::size_t> KernelChannel::get_option(int level, int option, MutableBytes value) const noexcept {
    return sys::getsockopt(fd_, level, option, value);
}

}  // namespace bight::engine
