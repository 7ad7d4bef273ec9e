// SPDX-License-Identifier: BSL-1.0
#include "frameworks/socketserver/siblings.h"

#include <bight/file_descriptor.h>

#include "sys/calls.h"
#include "sys/processes.h"

#include <algorithm>

namespace bight::socketserver {
namespace {

struct List {
    std::mutex mutex;
    std::vector<Siblings::Member> members;
};

/// Never destroyed: a server may live as long as the program.
List& list() {
    static List* const the_list = new List();
    return *the_list;
}

bool is_bound_to(const Address& own, const Address& address) {
    if (own == address) return true;
    return own.family() == address.family() && address.is_any() && own.port() == address.port();
}

bool belongs_to_a_server(int fd) {
    auto own = sys::getsockname(fd);
    auto kind = own ? sys::getsockopt_int(fd, SOL_SOCKET, SO_TYPE) : std::unexpected(own.error());
    if (!kind) return false;
    return std::ranges::any_of(list().members, [&](const Siblings::Member& member) {
        return member.kind.value == *kind && is_bound_to(*own, member.address);
    });
}

}  // namespace

void Siblings::join(FileDescriptor& wake) {
    auto lock = hold();
    list().members.push_back({.wake = &wake});
}

void Siblings::set_address(const FileDescriptor& wake, Kind kind, const Address& address) {
    auto lock = hold();
    for (auto& member : list().members)
        if (member.wake == &wake) {
            member.kind = kind;
            member.address = address;
        }
}

void Siblings::leave(const FileDescriptor& wake) noexcept {
    auto lock = hold();
    std::erase_if(list().members, [&](const Member& member) { return member.wake == &wake; });
}

std::unique_lock<std::mutex> Siblings::hold() { return std::unique_lock(list().mutex); }

void Siblings::forget(std::initializer_list<int> kept) noexcept {
    for (auto& member : list().members) (void)member.wake->try_close();
    if (list().members.size() < 2) return;  // what the only server has, its own code closes
    for (int fd : sys::open_descriptors())
        if (std::ranges::find(kept, fd) == kept.end() && belongs_to_a_server(fd)) (void)sys::close(fd);
}

}  // namespace bight::socketserver
