// SPDX-License-Identifier: BSL-1.0
#include <bight/multicast.h>

#include <bight/interfaces.h>

#include "blocking/or_raise.h"
#include "sys/interface_calls.h"
#include "values/ip_text.h"

#include <cstring>

namespace bight::multicast {
namespace {

void put(sockaddr_storage& place, const Address& address) {
    std::memcpy(&place, address.sockaddr().data(), address.sockaddr().size());
}

template <class Request>
Bytes bytes_of(const Request& request) {
    return {reinterpret_cast<const std::byte*>(&request), sizeof request};
}

int level_of(Family family) { return family == Family::inet6 ? IPPROTO_IPV6 : IPPROTO_IP; }

// The options' level is the group's, which a socket of another family refuses.
void change(Socket& socket, int option, const Address& group, const Via& via) {
    group_req request{};
    request.gr_interface = static_cast<std::uint32_t>(via.index());
    put(request.gr_group, group);
    socket.setsockopt(level_of(group.family()), option, bytes_of(request));
}

void change(Socket& socket, int option, const Address& group, const Address& source, const Via& via) {
    group_source_req request{};
    request.gsr_interface = static_cast<std::uint32_t>(via.index());
    put(request.gsr_group, group);
    put(request.gsr_source, source);
    socket.setsockopt(level_of(group.family()), option, bytes_of(request));
}

}  // namespace

// ---- Interfaces. -------------------------------------------------------------------------------------------------------

Via::Via(const Address& address) {
    if (address.family() != Family::inet && address.family() != Family::inet6)
        throw ValueError("'" + address.to_string() + "' is no address of an interface");
    if (address.scope_id() != 0)
        index_ = static_cast<int>(address.scope_id());
    else if (!address.is_any())
        index_ = or_raise(sys::interface_with(address), [&] { return "interface with " + address.host(); });
}

Via::Via(std::string_view name_or_address) {
    if (ip_text::parse_ipv4(name_or_address) ||
        ip_text::parse_ipv6(name_or_address.substr(0, name_or_address.find('%'))))
        *this = Via(Address::ip(name_or_address, 0));
    else
        index_ = socket::if_nametoindex(name_or_address);
}

// ---- Members. ----------------------------------------------------------------------------------------------------------

void join(Socket& socket, const Address& group, const Via& via) { change(socket, MCAST_JOIN_GROUP, group, via); }
void leave(Socket& socket, const Address& group, const Via& via) { change(socket, MCAST_LEAVE_GROUP, group, via); }

void join_source(Socket& socket, const Address& group, const Address& source, const Via& via) {
    change(socket, MCAST_JOIN_SOURCE_GROUP, group, source, via);
}
void leave_source(Socket& socket, const Address& group, const Address& source, const Via& via) {
    change(socket, MCAST_LEAVE_SOURCE_GROUP, group, source, via);
}
void block_source(Socket& socket, const Address& group, const Address& source, const Via& via) {
    change(socket, MCAST_BLOCK_SOURCE, group, source, via);
}
void unblock_source(Socket& socket, const Address& group, const Address& source, const Via& via) {
    change(socket, MCAST_UNBLOCK_SOURCE, group, source, via);
}

// ---- Senders. ----------------------------------------------------------------------------------------------------------

void set_interface(Socket& socket, const Via& via) {
    if (socket.family() == Family::inet6) return socket.setsockopt(IPPROTO_IPV6, IPV6_MULTICAST_IF, via.index());
    ip_mreqn request{};
    request.imr_ifindex = via.index();
    socket.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, bytes_of(request));
}

void set_loop(Socket& socket, bool loop) {
    bool v6 = socket.family() == Family::inet6;
    socket.setsockopt(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, loop ? 1 : 0);
}

void set_ttl(Socket& socket, int hops) {
    if (hops < 0 || hops > 255) throw OverflowError("ttl must be 0-255.");
    bool v6 = socket.family() == Family::inet6;
    socket.setsockopt(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, hops);
}

}  // namespace bight::multicast
