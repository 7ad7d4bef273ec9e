// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/socketserver/server.h>

#include <mutex>
#include <vector>

namespace bight::socketserver {

/// The servers of this process. A child that one of them forks must not keep what belongs to the others: with a copy of
/// a listener their port stays taken, and with one of a connection its peer never sees the end.
class Siblings {
public:
    struct Member {
        FileDescriptor* wake = nullptr;  // of its Control, for as long as it is a member
        Kind kind = Kind::stream;
        Address address{};
    };

    static void join(FileDescriptor& wake);
    static void set_address(const FileDescriptor& wake, Kind kind, const Address& address);
    static void leave(const FileDescriptor& wake) noexcept;

    /// To be held around fork(2), so that the child finds the list whole.
    static std::unique_lock<std::mutex> hold();

    /// In the child: closes the wake-ups of all servers, and every socket that is bound to the address of one, but for
    /// those in `kept`. Connections have the address of their listener, so they are found without asking the threads
    /// that serve them, which are not there; so is one that was accepted in the moment of the fork.
    static void forget(std::initializer_list<int> kept) noexcept;
};

}  // namespace bight::socketserver
