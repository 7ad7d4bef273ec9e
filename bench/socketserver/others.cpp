// SPDX-License-Identifier: BSL-1.0
#include "socketserver/servers.h"

#include "support/children.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

using Memory = std::array<std::byte, server_read_size>;

bool echoed(int fd, Memory& memory) {
    auto got = ::recv(fd, memory.data(), memory.size(), 0);
    return got > 0 && ::send(fd, memory.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
}

template <Calls calls>
void* echo_all(void* number) {
    int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(number));
    Memory memory;
    while (echoed(fd, memory)) {}
    if (calls == Calls::as_ours) {
        ::shutdown(fd, SHUT_WR);
        (void)::recv(fd, memory.data(), memory.size(), MSG_DONTWAIT);
    }
    ::close(fd);
    return nullptr;
}

/// Threads that are detached from the first: pthread_detach(3) of glibc 2.36 reads from one that may be gone by then.
template <Calls calls>
[[noreturn]] void serve_by_threads(int listener) {
    std::array<pollfd, 2> ready{pollfd{must(::eventfd(0, EFD_CLOEXEC), "eventfd"), POLLIN, 0}, {listener, POLLIN, 0}};
    pthread_attr_t detached;
    ::pthread_attr_init(&detached);
    ::pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while (true) {
        if (calls == Calls::as_ours) must(::poll(ready.data(), ready.size(), 500), "poll");
        sockaddr_storage address;
        socklen_t size = sizeof address;
        int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC);
        pthread_t thread;
        auto* number = reinterpret_cast<void*>(static_cast<std::intptr_t>(fd));
        if (fd >= 0 && ::pthread_create(&thread, &detached, echo_all<calls>, number) != 0) ::close(fd);
    }
}

void watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    must(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

[[noreturn]] void serve_by_epoll(int listener) {
    int epoll = must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    watch(epoll, listener);
    std::vector<epoll_event> events(256);
    Memory memory;
    while (true) {
        int count = must(::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1), "epoll_wait");
        for (int i = 0; i < count; ++i) {
            int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == listener) {
                sockaddr_storage address;
                socklen_t size = sizeof address;
                int client = ::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size,
                                       SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (client >= 0) watch(epoll, client);
            } else if (!echoed(fd, memory)) {
                ::close(fd);
            }
        }
    }
}

void become_python(int listener, const char* name, int account) {
    constexpr auto script = R"(
import os, resource, socket, socketserver, struct, sys

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)

class Server(getattr(socketserver, sys.argv[2])):
    def service_actions(self):
        super().service_actions()
        if account >= 0:
            both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
            os.pwrite(account, struct.pack("d", 1e9 * sum(one.ru_utime + one.ru_stime for one in both)), 0)

account = int(sys.argv[3])
server = Server(("127.0.0.1", 0), Echo, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.serve_forever()
)";
    std::vector<int> inherited{listener};
    if (account >= 0) inherited.push_back(account);
    become({"/usr/bin/python3.11", "-c", script, std::to_string(listener), name, std::to_string(account)}, inherited);
}

/// A listening socket that only the server keeps.
class Listener {
public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { ::close(fd_); }

    int fileno() const noexcept { return fd_; }

private:
    int fd_ = listen_on_loopback(server_backlog);
};

}  // namespace

Server raw_thread_server(Calls calls) {
    Listener listener;
    return std::make_unique<ServerChild>(bound_to(listener.fileno()), [&] {
        calls == Calls::as_ours ? serve_by_threads<Calls::as_ours>(listener.fileno())
                                : serve_by_threads<Calls::fewest>(listener.fileno());
    });
}

Server raw_epoll_server() {
    Listener listener;
    return std::make_unique<ServerChild>(bound_to(listener.fileno()), [&] { serve_by_epoll(listener.fileno()); });
}

Server python_server(const char* name) {
    Listener listener;
    bool forks = std::string_view(name).starts_with("Forking");
    auto account = forks ? std::make_shared<Account>() : nullptr;
    return std::make_unique<ServerChild>(
        bound_to(listener.fileno()), forks ? Cost::children : Cost::process, account,
        [&] { become_python(listener.fileno(), name, account ? account->fileno() : -1); });
}

}  // namespace bench
