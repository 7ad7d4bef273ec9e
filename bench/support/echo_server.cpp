// SPDX-License-Identifier: BSL-1.0
#include "support/echo_server.h"

#include "support/children.h"

#include <filesystem>

#include <signal.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr int backlog = 4096;

/// A name that the kernel makes up, in no folder: unix(7), autobind.
int listen_on_unix() {
    int fd = must(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    must(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address.sun_family), "bind");
    must(::listen(fd, backlog), "listen");
    return fd;
}

std::filesystem::path beside_this_program(const char* name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

int open_for(Transport transport) {
    switch (transport) {
        case Transport::tcp: return listen_on_loopback(backlog);
        case Transport::unix_stream: return listen_on_unix();
        case Transport::udp: break;
    }
    Ports ports = udp_loopback();
    ::close(ports.from);
    return ports.to;
}

}  // namespace

EchoServer::EchoServer(const std::string& name, Transport transport, const std::string& service) {
    int fd = open_for(transport);
    where_ = bound_to(fd);
    auto program = beside_this_program("echo_server");
    std::string usual = transport == Transport::udp ? "datagrams" : "echo";
    std::string what = service.empty() ? usual : service;
    pid_ = fork_child([&] { become({program.string(), name, what, std::to_string(fd)}, {fd}); });
    clock_ = clock_of(pid_);
    ::close(fd);
}

EchoServer::~EchoServer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

bool has_go() { return std::filesystem::exists(beside_this_program("echo_go")); }

bool has_uvloop() {
    constexpr const char* script = "import importlib.util, sys; sys.exit(not importlib.util.find_spec('uvloop'))";
    pid_t child = fork_child([] { become({"/usr/bin/python3.11", "-c", script}, {}); });
    int status = 0;
    must(::waitpid(child, &status, 0), "waitpid");
    return status == 0;
}

void raise_descriptor_limit() {
    rlimit limit{};
    must(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    must(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

}  // namespace bench
