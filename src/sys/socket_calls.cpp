// SPDX-License-Identifier: BSL-1.0
#include "sys/calls.h"
#include "sys/checked.h"
#include "sys/sockaddr.h"

#include <sys/socket.h>

namespace bight::sys {

// ---- Making and ending. ------------------------------------------------------------------------------------------------

Result<int> socket(Family family, Kind kind, int proto) noexcept {
    return checked(Call::socket, [&] { return ::socket(family.value, kind.value | SOCK_CLOEXEC, proto); });
}

Result<TwoDescriptors> socketpair(Family family, Kind kind, int proto) noexcept {
    int fds[2];
    auto made = checked(Call::socketpair,
                        [&] { return ::socketpair(family.value, kind.value | SOCK_CLOEXEC, proto, fds); });
    if (!made) return std::unexpected(made.error());
    return TwoDescriptors{fds[0], fds[1]};
}

Result<void> bind(int fd, const Address& address) noexcept {
    return checked_void(Call::bind, [&] { return ::bind(fd, sockaddr_of(address), size_of(address)); });
}

Result<void> listen(int fd, int backlog) noexcept {
    return checked_void(Call::listen, [&] { return ::listen(fd, backlog); });
}

namespace {

Result<int> accept_with(int fd, Address& peer, int flags) noexcept {
    AddressRoom room(peer);
    auto accepted = checked(Call::accept4,
                            [&] { return ::accept4(fd, room.data(), room.size(), SOCK_CLOEXEC | flags); });
    if (accepted) room.done();
    return accepted;
}

}  // namespace

Result<int> accept(int fd, Address& peer) noexcept { return accept_with(fd, peer, 0); }
Result<int> accept_nonblocking(int fd, Address& peer) noexcept { return accept_with(fd, peer, SOCK_NONBLOCK); }

Result<void> connect(int fd, const Address& address) noexcept {
    return checked_void(Call::connect, [&] { return ::connect(fd, sockaddr_of(address), size_of(address)); });
}

Result<void> shutdown(int fd, int how) noexcept {
    return checked_void(Call::shutdown, [&] { return ::shutdown(fd, how); });
}

Result<Address> getsockname(int fd) noexcept {
    Address address;
    AddressRoom room(address);
    auto asked = checked(Call::getsockname, [&] { return ::getsockname(fd, room.data(), room.size()); });
    if (!asked) return std::unexpected(asked.error());
    room.done();
    return address;
}

Result<Address> getpeername(int fd) noexcept {
    Address address;
    AddressRoom room(address);
    auto asked = checked(Call::getpeername, [&] { return ::getpeername(fd, room.data(), room.size()); });
    if (!asked) return std::unexpected(asked.error());
    room.done();
    return address;
}

// ---- Options. ----------------------------------------------------------------------------------------------------------

Result<void> setsockopt(int fd, int level, int option, Bytes value) noexcept {
    return checked_void(Call::setsockopt, [&] {
        return ::setsockopt(fd, level, option, value.data(), static_cast<socklen_t>(value.size()));
    });
}

Result<std::size_t> getsockopt(int fd, int level, int option, MutableBytes value) noexcept {
    auto size = static_cast<socklen_t>(value.size());
    auto asked = checked(Call::getsockopt, [&] { return ::getsockopt(fd, level, option, value.data(), &size); });
    if (!asked) return std::unexpected(asked.error());
    return size;
}

Result<int> getsockopt_int(int fd, int level, int option) noexcept {
    int value = 0;
    auto asked = getsockopt(fd, level, option, std::as_writable_bytes(std::span(&value, 1)));
    if (!asked) return std::unexpected(asked.error());
    return value;
}

Result<void> setsockopt_int(int fd, int level, int option, int value) noexcept {
    return setsockopt(fd, level, option, std::as_bytes(std::span(&value, 1)));
}

}  // namespace bight::sys
