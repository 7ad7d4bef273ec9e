// SPDX-License-Identifier: BSL-1.0
#include "listen.h"

#include <bight/error.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bight::tool {
namespace {

using namespace std::chrono_literals;

// A server that was killed has its addresses until the kernel has ended its ring, which takes it 5 to 10 ms, and more under
// load: whoever is started again at once tries again, but not often, for a living one sees that it is asked.
constexpr Duration pauses[] = {10ms, 40ms, 160ms, 320ms};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

Endpoint parse(std::string_view text, bool takes_open_sockets) {
    auto endpoint = Endpoint::parse(text);
    bool has_host = endpoint.scheme == Scheme::tcp || endpoint.scheme == Scheme::udp;
    bool is_open = endpoint.scheme == Scheme::fd || endpoint.scheme == Scheme::systemd ||
                   endpoint.scheme == Scheme::stdio;
    if (is_open ? !takes_open_sockets : !has_host && !is_unix(endpoint))
        throw ValueError(quoted(text) + ": this command takes tcp:, udp:, unix:" +
                         (takes_open_sockets ? ", unixgram:, fd:, systemd: and stdio:" : " and unixgram:"));
    if (!endpoint.options.empty())
        throw ValueError(quoted(text) + ": unknown option " + endpoint.options.front().first);
    if (has_host && endpoint.host.empty()) endpoint.host = "127.0.0.1";
    return endpoint;
}

Socket try_to_open(const Endpoint& endpoint) {
    auto where = endpoint.where();
    std::optional<UnixBinding> binding;
    if (is_unix(endpoint)) binding.emplace(endpoint);
    if (is_datagram(endpoint)) {
        Socket port(where.address() ? where.address()->family() : Family::inet, Kind::datagram);
        port.bind(where);
        return port;
    }
    auto listener = socket::create_server(where);
    // Accepted connections inherit it: an answer does not wait for more of its kind.
    if (!is_unix(endpoint)) listener.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    return listener;
}

}  // namespace

Endpoint parse_endpoint(std::string_view text) { return parse(text, false); }
Endpoint parse_server_endpoint(std::string_view text) { return parse(text, true); }

bool is_datagram(const Endpoint& endpoint) noexcept {
    return endpoint.scheme == Scheme::udp || endpoint.scheme == Scheme::unix_datagram;
}

bool is_unix(const Endpoint& endpoint) noexcept {
    return endpoint.scheme == Scheme::unix_stream || endpoint.scheme == Scheme::unix_datagram;
}

Kind kind_of(const Endpoint& endpoint) noexcept { return is_datagram(endpoint) ? Kind::datagram : Kind::stream; }

Socket open_listener(const Endpoint& endpoint) {
    for (Duration pause : pauses) {
        try {
            return try_to_open(endpoint);
        } catch (const OSError& error) {
            if (error.errnum() != EADDRINUSE) throw;
        }
        std::this_thread::sleep_for(pause);
    }
    return try_to_open(endpoint);
}

UnixBinding::UnixBinding(const Endpoint& endpoint) {
    socket::unlink_stale(*endpoint.where().address(), kind_of(endpoint));  // if it is in use, bind() says so
    umask_before_ = ::umask(0077);
}

UnixBinding::~UnixBinding() { ::umask(umask_before_); }

BoundPath::BoundPath(const Address& address) : path_(address.path()) {
    struct stat file;
    if (path_.starts_with('\0') || ::lstat(path_.c_str(), &file) != 0) {
        path_.clear();
        return;
    }
    device_ = file.st_dev;
    inode_ = file.st_ino;
}

BoundPath::BoundPath(BoundPath&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

BoundPath::~BoundPath() {
    struct stat file;
    if (path_.empty() || ::lstat(path_.c_str(), &file) != 0) return;
    if (file.st_dev == device_ && file.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace bight::tool
