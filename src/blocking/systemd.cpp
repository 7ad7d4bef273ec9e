// SPDX-License-Identifier: BSL-1.0
#include <bight/message.h>
#include <bight/socket.h>
#include <bight/systemd.h>

#include "sys/environment.h"

#include <string>

namespace bight::systemd {
namespace {

Address address_of(std::string_view name) {
    if (name.starts_with('@')) return Address::abstract_name(name.substr(1));
    if (name.starts_with('/')) return Address::unix_path(name);
    throw ValueError("NOTIFY_SOCKET='" + std::string(name) + "' is neither a path nor an abstract name");
}

}  // namespace

bool notify(std::string_view state, std::span<const int> fds) {
    const char* name = sys::environment("NOTIFY_SOCKET");
    if (!name || *name == '\0') return false;
    auto manager = address_of(name);
    Socket socket(Family::unix_domain, Kind::datagram);
    socket.settimeout(std::nullopt);
    if (fds.empty())
        socket.sendto(state, manager);
    else
        socket::send_fds(socket, Bytes(state), fds, 0, manager);
    return true;
}

}  // namespace bight::systemd
