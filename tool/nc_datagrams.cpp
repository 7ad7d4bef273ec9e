// SPDX-License-Identifier: BSL-1.0
#include "nc_datagrams.h"

#include "listen.h"

#include <bight/error.h>
#include <bight/multicast.h>
#include <bight/resolver.h>

#include <utility>

namespace bight::tool {
namespace {

multicast::Via via(const NcOptions& options) {
    return options.interface ? multicast::Via(*options.interface) : multicast::Via();
}

}  // namespace

Address resolved(const Endpoint& endpoint, Family family) {
    auto where = endpoint.where();
    if (where.address()) return *where.address();
    return socket::getaddrinfo(where.host(), where.port(), {.family = family, .kind = kind_of(endpoint)}).at(0).address;
}

bool is_group(const Address& address) noexcept {
    auto bytes = address.sockaddr();
    if (address.family() == Family::inet) return bytes.size() >= 8 && std::to_integer<int>(bytes[4]) >> 4 == 0xe;
    return address.family() == Family::inet6 && bytes.size() >= 24 && std::to_integer<int>(bytes[8]) == 0xff;
}

std::unique_ptr<Wire> datagrams_to(const Address& peer, const std::optional<Address>& source,
                                   const NcOptions& options) {
    Socket socket(peer.family(), Kind::datagram);
    if (source) {
        socket.bind(*source);
    } else if (peer.family() == Family::unix_domain) {
        socket.bind(Address::unnamed());  // without a name of its own it could not be answered
    }
    if (is_group(peer)) {
        if (options.interface) multicast::set_interface(socket, via(options));
        if (options.ttl) multicast::set_ttl(socket, *options.ttl);
        if (options.no_loop) multicast::set_loop(socket, false);
        return std::make_unique<DatagramWire>(std::move(socket), DatagramWire::Answers::to_one, peer);
    }
    if (options.interface || options.ttl || options.no_loop)
        throw ValueError("--interface, --ttl and --no-loop are for groups, and " + peer.to_string() + " is none");
    socket.connect(peer);
    return std::make_unique<DatagramWire>(std::move(socket), DatagramWire::Answers::connected, peer);
}

Socket join(const Address& group, const NcOptions& options) {
    Socket port(group.family(), Kind::datagram);
    port.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);  // others of this machine may be members too
    port.bind(group);
    multicast::join(port, group, via(options));
    return port;
}

}  // namespace bight::tool
