// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>
#include <bight/inherited.h>

#include "blocking/or_raise.h"
#include "sys/calls.h"
#include "sys/environment.h"

#include <array>
#include <charconv>
#include <climits>
#include <optional>
#include <string_view>

namespace bight::inherited {
namespace {

constexpr int first_passed = 3;  // SD_LISTEN_FDS_START
constexpr int last_standard = 2;

std::string number_text(int fd) { return "descriptor " + std::to_string(fd); }

/// What `fd` stands for gets another number, and /dev/null takes this one. Children keep the standard descriptors.
FileDescriptor replace_standard(int fd) {
    auto context = [fd] { return "move " + number_text(fd); };
    FileDescriptor moved(or_raise(sys::duplicate(fd), context));
    FileDescriptor null(or_raise(sys::open_null(), "open /dev/null"));
    or_raise(sys::duplicate_onto(null.fileno(), fd), context);
    or_raise(sys::set_inheritable(fd, true), context);
    return moved;
}

bool is_same_file(int a, int b) {
    auto one = sys::identify(a), other = sys::identify(b);
    return one && other && one->device == other->device && one->inode == other->inode;
}

/// Raises unless it is a socket, before anything is done to it.
void require_socket(int fd, const std::string& what) {
    if (fd < 0) throw ValueError("negative file descriptor");
    or_raise(sys::getsockopt_int(fd, SOL_SOCKET, SO_TYPE), [&] { return "take " + what; });
}

Socket adopt(FileDescriptor fd) {
    auto socket = Socket::adopt(fd.fileno());
    (void)fd.detach();
    return socket;
}

Socket take(int fd, const std::string& what) {
    require_socket(fd, what);
    if (fd <= last_standard) return adopt(replace_standard(fd));
    or_raise(sys::set_inheritable(fd, false), [&] { return "take " + what; });
    return Socket::adopt(fd);
}

std::optional<int> number(const char* name) {
    const char* text = sys::environment(name);
    if (!text) return std::nullopt;
    std::string_view digits(text);
    int value = 0;
    auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
    if (error != std::errc() || end != digits.end() || value < 0)
        throw ValueError(std::string(name) + "='" + text + "' is no number");
    return value;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (true) {
        auto colon = text.find(':');
        parts.emplace_back(text.substr(0, colon));
        if (colon == text.npos) return parts;
        text.remove_prefix(colon + 1);
    }
}

/// The names of the descriptors that are meant for this process; empty if none are.
std::vector<std::string> passed_names() {
    if (number("LISTEN_PID") != sys::process_id()) return {};
    auto count = number("LISTEN_FDS");
    if (!count || *count == 0) return {};
    if (*count > INT_MAX - first_passed) throw ValueError("LISTEN_FDS=" + std::to_string(*count) + " is too many");
    const char* text = sys::environment("LISTEN_FDNAMES");
    auto names = text ? split(text) : std::vector<std::string>();
    if (text && names.size() != static_cast<std::size_t>(*count))
        throw ValueError("LISTEN_FDNAMES has " + std::to_string(names.size()) + " names, and LISTEN_FDS says " +
                         std::to_string(*count));
    for (int i = 0; i < *count;
         ++i) {  // none of them leaks, whatever is wrong with another; this also bounds the count
        int fd = first_passed + i;
        or_raise(sys::set_inheritable(fd, false), [=] { return number_text(fd) + " of LISTEN_FDS"; });
    }
    names.resize(static_cast<std::size_t>(*count), "unknown");
    return names;
}

struct RemoveVariables {
    ~RemoveVariables() {
        for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) sys::remove_from_environment(name);
    }
};

}  // namespace

Role role_of(const Socket& socket) {
    if (socket.kind() == Kind::datagram) return Role::datagrams;
    if (socket.kind() != Kind::stream && socket.kind() != Kind::seqpacket)
        throw ValueError(socket.kind().to_string() + " is neither a stream nor a port for datagrams");
    if (socket.getsockopt(SOL_SOCKET, SO_ACCEPTCONN) != 0) return Role::listener;
    if (sys::getpeername(socket.fileno())) return Role::connection;
    throw ValueError("the socket of " + number_text(socket.fileno()) + " neither listens nor is connected");
}

Socket from_fd(int fd) { return take(fd, number_text(fd)); }

Socket from_inetd() {
    require_socket(0, number_text(0));
    for (int other : {1, 2})
        if (is_same_file(0, other)) (void)replace_standard(other);
    return from_fd(0);
}

std::vector<NamedSocket> from_systemd() {
    RemoveVariables remove_variables;
    std::vector<NamedSocket> passed;
    int fd = first_passed;
    for (auto& name : passed_names()) {
        auto what = number_text(fd) + " ('" + name + "' of LISTEN_FDS)";
        passed.push_back({std::move(name), take(fd++, what)});
    }
    return passed;
}

}  // namespace bight::inherited
