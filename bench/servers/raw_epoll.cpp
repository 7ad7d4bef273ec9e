// SPDX-License-Identifier: BSL-1.0
// The least that an epoll server can do: level-triggered, one recv(2) and one send(2) for each event, one buffer for all
// connections. Datagrams by recvmmsg(2) and sendmmsg(2), as many as there are.
#include "servers/servers.h"
#include "support/sockets.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr int accepts_a_turn = 64;

class EpollServer {
public:
    EpollServer(Service service, int listener) : discards_(service == Service::discard), listener_(listener) {
        int on = 1;  // what is accepted inherits it; a Unix listener has none
        (void)::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        must(::fcntl(listener, F_SETFL, O_NONBLOCK), "fcntl");
        tell(EPOLL_CTL_ADD, listener, EPOLLIN);
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 512> events;
        while (true) {
            int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                const auto& event = events[static_cast<std::size_t>(i)];
                if (event.data.fd == listener_)
                    accept_some();
                else if (event.events & EPOLLOUT)
                    send_rest(event.data.fd);
                else
                    read_one(event.data.fd);
            }
        }
    }

private:
    using Rest = std::vector<std::byte>;

    void tell(int what, int fd, unsigned events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        must(::epoll_ctl(epoll_, what, fd, &event), "epoll_ctl");
    }

    void accept_some() {
        for (int i = 0; i < accepts_a_turn; ++i) {
            int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            tell(EPOLL_CTL_ADD, fd, EPOLLIN);
        }
    }

    void drop(int fd) {
        rests_.erase(fd);
        ::close(fd);
    }

    void read_one(int fd) {
        ssize_t got = ::recv(fd, memory_.data(), memory_.size(), 0);
        if (got <= 0) {
            if (got == 0 || errno != EAGAIN) drop(fd);
            return;
        }
        if (discards_) return;
        ssize_t sent = ::send(fd, memory_.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
        if (sent == got) return;
        if (sent < 0 && errno != EAGAIN) return drop(fd);
        rests_[fd] = Rest(memory_.data() + (sent < 0 ? 0 : sent), memory_.data() + got);
        tell(EPOLL_CTL_MOD, fd, EPOLLOUT);
    }

    void send_rest(int fd) {
        auto& rest = rests_[fd];
        ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN) drop(fd);
            return;
        }
        rest.erase(rest.begin(), rest.begin() + sent);
        if (!rest.empty()) return;
        rests_.erase(fd);
        tell(EPOLL_CTL_MOD, fd, EPOLLIN);
    }

    bool discards_;
    int listener_;
    int epoll_ = must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    std::vector<std::byte> memory_ = std::vector<std::byte>(read_size);
    std::unordered_map<int, Rest> rests_;  // of connections that could not take all
};

[[noreturn]] void echo_datagrams(int fd) {
    constexpr std::size_t count = 64, most = 2048;
    std::vector<std::byte> memory(count * most);
    std::array<mmsghdr, count> headers{};
    std::array<iovec, count> pieces;
    std::array<sockaddr_in, count> peers;
    while (true) {
        for (std::size_t i = 0; i < count; ++i) {
            pieces[i] = {memory.data() + i * most, most};
            auto& header = headers[i].msg_hdr;
            header.msg_name = &peers[i];
            header.msg_namelen = sizeof peers[i];
            header.msg_iov = &pieces[i];
            header.msg_iovlen = 1;
        }
        int came = ::recvmmsg(fd, headers.data(), count, MSG_WAITFORONE, nullptr);
        for (int i = 0; i < came; ++i)
            pieces[static_cast<std::size_t>(i)].iov_len = headers[static_cast<std::size_t>(i)].msg_len;
        for (int sent = 0; sent < came;) {
            int now = ::sendmmsg(fd, headers.data() + sent, static_cast<unsigned>(came - sent), 0);
            sent += now > 0 ? now : 1;  // one that cannot be sent is left out
        }
    }
}

/// A train by one recvmsg(2), and back by one sendmsg(2).
[[noreturn]] void echo_trains(int fd) {
    int on = 1;
    must(::setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on), "setsockopt");
    std::vector<std::byte> memory(read_size);
    while (true) {
        sockaddr_in peer{};
        alignas(cmsghdr) std::array<std::byte, 64> control{};
        iovec piece{memory.data(), memory.size()};
        msghdr header{&peer, sizeof peer, &piece, 1, control.data(), control.size(), 0};
        ssize_t size = ::recvmsg(fd, &header, 0);
        if (size < 0) continue;
        piece.iov_len = static_cast<std::size_t>(size);
        auto* item = CMSG_FIRSTHDR(&header);
        if (item && item->cmsg_level == IPPROTO_UDP && item->cmsg_type == UDP_GRO) {
            int segment = 0;
            std::memcpy(&segment, CMSG_DATA(item), sizeof segment);
            auto each = static_cast<std::uint16_t>(segment);
            item->cmsg_type = UDP_SEGMENT;
            item->cmsg_len = CMSG_LEN(sizeof each);
            std::memcpy(CMSG_DATA(item), &each, sizeof each);
            header.msg_controllen = CMSG_SPACE(sizeof each);
        } else {
            header.msg_controllen = 0;
        }
        (void)::sendmsg(fd, &header, 0);
    }
}

/// Each connection in turn, by splice(2) through a pipe, as much as there is.
[[noreturn]] void echo_by_splice(int listener) {
    constexpr unsigned flags = SPLICE_F_NONBLOCK | SPLICE_F_MOVE;
    constexpr std::size_t most = std::size_t{1} << 20;
    int ends[2];
    must(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe2");
    must(::fcntl(ends[1], F_SETPIPE_SZ, 256 << 10), "fcntl");
    int epoll = must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    auto tell = [epoll](int what, int fd, unsigned events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        must(::epoll_ctl(epoll, what, fd, &event), "epoll_ctl");
    };
    must(::fcntl(listener, F_SETFL, O_NONBLOCK), "fcntl");
    tell(EPOLL_CTL_ADD, listener, EPOLLIN);
    while (true) {
        epoll_event event{};
        if (::epoll_wait(epoll, &event, 1, -1) != 1) continue;
        if (event.data.fd == listener) {
            int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0) tell(EPOLL_CTL_ADD, fd, EPOLLIN);
            continue;
        }
        ssize_t got = ::splice(event.data.fd, nullptr, ends[1], nullptr, most, flags);
        if (got == 0) ::close(event.data.fd);
        while (got > 0) {
            ssize_t gone = ::splice(ends[0], nullptr, event.data.fd, nullptr, static_cast<std::size_t>(got), flags);
            if (gone > 0) {
                got -= gone;
                continue;
            }
            pollfd room{event.data.fd, POLLOUT, 0};  // the client of this benchmark always reads
            must(::poll(&room, 1, -1), "poll");
        }
    }
}

}  // namespace

void serve_raw_epoll(Service service, int fd) {
    if (service == Service::datagrams) echo_datagrams(fd);
    if (service == Service::trains) echo_trains(fd);
    if (service == Service::pump) echo_by_splice(fd);
    EpollServer(service, fd).run();
}

}  // namespace bench
