// SPDX-License-Identifier: BSL-1.0
#include "server_sockets.h"

#include "hand_over.h"
#include "talk.h"

#include <bight/error.h>

#include <set>
#include <utility>

#include <netinet/tcp.h>
#include <unistd.h>

namespace bight::tool {
namespace {

using inherited::Role;

/// What a descriptor that somebody else made is in the grammar.
Scheme scheme_of(const Socket& socket) {
    bool is_stream = socket.kind() == Kind::stream;
    if (socket.family() == Family::unix_domain && is_stream) return Scheme::unix_stream;
    if (socket.family() == Family::unix_domain && socket.kind() == Kind::datagram) return Scheme::unix_datagram;
    bool is_ip = socket.family() == Family::inet || socket.family() == Family::inet6;
    if (is_ip && is_stream) return Scheme::tcp;
    if (is_ip && socket.kind() == Kind::datagram) return Scheme::udp;
    throw ValueError("no service is served on a socket of " + socket.family().to_string() + " and " +
                     socket.kind().to_string());
}

ServerSocket server_socket(std::string name, Socket socket) {
    auto role = inherited::role_of(socket);
    auto scheme = scheme_of(socket);
    // Accepted connections inherit it: an answer does not wait for more of its kind.
    if (scheme == Scheme::tcp) socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    auto endpoint = Endpoint::of(scheme, socket.getsockname());
    int fd = socket.fileno();
    return {std::move(name), std::move(endpoint), std::move(socket), fd, role, std::nullopt};
}

/// The sockets that systemd has passed.
class Passed {
public:
    /// All with its name.
    void take(const Endpoint& wanted, std::vector<ServerSocket>& into) {
        if (!std::exchange(asked_, true)) sockets_ = inherited::from_systemd();
        bool found = false;
        for (auto& [name, socket] : sockets_) {
            if (name != wanted.path || socket.fileno() < 0) continue;
            into.push_back(server_socket(wanted.to_string(), std::move(socket)));
            socket = Socket::closed();
            found = true;
        }
        if (!found) throw KeyError("systemd passed no socket with the name '" + wanted.path + "'" + those_there_are());
    }

    void tell_of_the_rest() const {
        for (auto& [name, socket] : sockets_)
            if (socket.fileno() >= 0) say("systemd passed the socket '" + name + "' too, which nobody serves");
    }

private:
    std::string those_there_are() const {
        std::string names;
        for (auto& [name, socket] : sockets_) names += (names.empty() ? ": those it passed are '" : ", '") + name + "'";
        return names.empty() ? ", nor any other" : names;
    }

    bool asked_ = false;
    std::vector<inherited::NamedSocket> sockets_;
};

/// Opens what no predecessor has.
void open(const Endpoint& wanted, std::vector<ServerSocket>& into, Passed& passed) {
    switch (wanted.scheme) {
        case Scheme::fd: into.push_back(server_socket(wanted.to_string(), inherited::from_fd(wanted.fd))); break;
        case Scheme::stdio: into.push_back(server_socket(wanted.to_string(), inherited::from_inetd())); break;
        case Scheme::systemd: passed.take(wanted, into); break;
        default: into.push_back(server_socket(wanted.to_string(), open_listener(wanted)));
    }
}

/// All of systemd's, for there one name may stand for many; else the next.
bool take_from(HandOver& before, const Endpoint& wanted, std::vector<ServerSocket>& into) {
    auto name = wanted.to_string();
    bool found = false;
    while (!found || wanted.scheme == Scheme::systemd) {
        auto taken = before.take(name);
        if (!taken) break;
        into.push_back(server_socket(name, std::move(*taken)));
        found = true;
    }
    return found;
}

/// A descriptor with two owners would be closed twice.
void require_one_owner_each(const std::vector<Endpoint>& wanted) {
    std::set<int> taken;
    for (auto& endpoint : wanted) {
        if (endpoint.scheme != Scheme::fd && endpoint.scheme != Scheme::stdio) continue;
        int fd = endpoint.scheme == Scheme::fd ? endpoint.fd : STDIN_FILENO;
        if (!taken.insert(fd).second) throw ValueError("descriptor " + std::to_string(fd) + " is named twice");
    }
}

}  // namespace

std::vector<ServerSocket> open_server_sockets(const std::vector<std::string>& texts, HandOver* before) {
    std::vector<Endpoint> wanted;
    for (auto& text : texts) wanted.push_back(parse_server_endpoint(text));
    require_one_owner_each(wanted);
    std::vector<ServerSocket> sockets;
    Passed passed;
    for (auto& endpoint : wanted) {
        auto first = sockets.size();
        if (before && take_from(*before, endpoint, sockets)) continue;  // its paths are the other's still
        open(endpoint, sockets, passed);
        if (is_unix(endpoint)) sockets[first].path.emplace(sockets[first].socket.getsockname());
    }
    passed.tell_of_the_rest();
    return sockets;
}

}  // namespace bight::tool
