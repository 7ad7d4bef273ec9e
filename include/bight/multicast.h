// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/socket.h>

#include <string>
#include <string_view>

/// Groups of receivers, over IPv4 and IPv6 alike: ip(7), ipv6(7), RFC 3678.
namespace bight::multicast {

/// A network interface: by name ("eth0"), by an address that it has ("192.168.1.5", "fe80::1"), or by number; none lets
/// the kernel choose. Raises OSError where there is none such.
class Via {
public:
    Via() noexcept = default;
    Via(int index) noexcept : index_(index) {}
    Via(std::string_view name_or_address);
    Via(const std::string& name_or_address) : Via(std::string_view(name_or_address)) {}
    Via(const char* name_or_address) : Via(std::string_view(name_or_address)) {}
    Via(const Address& address);

    int index() const noexcept { return index_; }  // 0 for none

private:
    int index_ = 0;
};

// All raise OSError: EADDRINUSE for a group joined before, EADDRNOTAVAIL for one that was not, EINVAL for an address
// that is no group.

/// Receives what is sent to `group`, on one interface.
void join(Socket& socket, const Address& group, const Via& via = {});
void leave(Socket& socket, const Address& group, const Via& via = {});

/// As these, but only what `source` sends.
void join_source(Socket& socket, const Address& group, const Address& source, const Via& via = {});
void leave_source(Socket& socket, const Address& group, const Address& source, const Via& via = {});

/// Receives no more of what `source` sends to a group that was joined; and again.
void block_source(Socket& socket, const Address& group, const Address& source, const Via& via = {});
void unblock_source(Socket& socket, const Address& group, const Address& source, const Via& via = {});

// ---- Sending to a group. -----------------------------------------------------------------------------------------------

/// Where datagrams to groups leave.
void set_interface(Socket& socket, const Via& via);

/// Whether this machine's own members get them as well; they do unless told.
void set_loop(Socket& socket, bool loop);

/// How many hops they may make; 1, the local network, unless told. Raises OverflowError outside 0..255.
void set_ttl(Socket& socket, int hops);

}  // namespace bight::multicast
