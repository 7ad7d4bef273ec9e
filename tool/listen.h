// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/endpoint.h>
#include <bight/family.h>
#include <bight/socket.h>

#include <string>
#include <string_view>

#include <sys/types.h>

namespace bight::tool {

/// The endpoint that `text` names, if this tool has a use for its scheme: tcp, udp, unix, unixgram. The host is the
/// loopback where none is given. Raises ValueError, OverflowError.
Endpoint parse_endpoint(std::string_view text);

/// The same for a server, which also takes sockets that were open before it began: fd, systemd, stdio.
Endpoint parse_server_endpoint(std::string_view text);

bool is_datagram(const Endpoint& endpoint) noexcept;
bool is_unix(const Endpoint& endpoint) noexcept;
Kind kind_of(const Endpoint& endpoint) noexcept;

/// A socket bound at `endpoint`, and listening if it is for streams.
Socket open_listener(const Endpoint& endpoint);

/// Made before a Unix path is bound: removes what a crash left there, and sees to it that the path is for this user
/// only. Destroyed afterwards, for it holds the process' umask.
class UnixBinding {
public:
    explicit UnixBinding(const Endpoint& endpoint);
    UnixBinding(const UnixBinding&) = delete;
    UnixBinding& operator=(const UnixBinding&) = delete;
    ~UnixBinding();

private:
    mode_t umask_before_;
};

/// The path that a Unix socket was bound to: removed in the end, if it is still the same one. Nothing for others.
class BoundPath {
public:
    explicit BoundPath(const Address& address);
    BoundPath(BoundPath&& other) noexcept;
    BoundPath& operator=(BoundPath&&) = delete;
    ~BoundPath();

    /// It belongs to another process now.
    void keep() noexcept { path_.clear(); }

private:
    std::string path_;  // empty: nothing to remove
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace bight::tool
