// SPDX-License-Identifier: BSL-1.0
#include "support/load.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/time.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr std::int64_t patience_s = 30;
constexpr std::size_t period = std::size_t{1} << 16;

/// Bytes that repeat after `period`, with `more` behind it, so that any request can be sent from one place.
std::vector<std::byte> pattern(std::size_t more) {
    std::mt19937 random(1);
    std::vector<std::byte> bytes(period + more);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = i < period ? static_cast<std::byte>(random()) : bytes[i - period];
    return bytes;
}

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string("load: ") + what); }

/// A call that waits is interrupted, and one that has moved a part ends with that, when the ring of another load in this
/// thread has something to tell: of connections, say, whose server is ended.
template <class Function>
ssize_t until_done(Function call) {
    while (true) {
        ssize_t result = call();
        if (result >= 0 || errno != EINTR) return result;
    }
}

class Ring {
public:
    Ring() {
        io_uring_params params{};
        params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
        params.cq_entries = 16384;
        int failed = io_uring_queue_init_params(4096, &ring_, &params);
        if (failed) {
            errno = -failed;
            must(-1, "io_uring_queue_init_params");
        }
    }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring() { io_uring_queue_exit(&ring_); }

    io_uring_sqe* request() {
        io_uring_sqe* sqe;
        while (!(sqe = io_uring_get_sqe(&ring_))) io_uring_submit(&ring_);
        return sqe;
    }

    template <class Function>
    void wait(Function function) {
        __kernel_timespec limit{patience_s, 0};
        io_uring_cqe* cqe = nullptr;
        if (io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &limit, nullptr) == -ETIME) fail("no answer");
        unsigned head = 0, seen = 0;
        io_uring_for_each_cqe(&ring_, head, cqe) {
            ++seen;
            function(*cqe);
        }
        io_uring_cq_advance(&ring_, seen);
    }

private:
    io_uring ring_{};
};

// ---- Connections that stay. --------------------------------------------------------------------------------------------

class EchoLoad final : public Load {
public:
    EchoLoad(const Where& server, int kind, LoadShape shape)
        : kind_(kind),
          shape_(shape),
          most_(shape.size * static_cast<std::size_t>(shape.depth)),
          pattern_(pattern(most_)) {
        for (int i = 0; i < shape.connections; ++i)
            connections_.push_back({connect_to(server, kind), 0, 0, 0, std::vector<std::byte>(most_)});
    }
    ~EchoLoad() override {
        for (auto& connection : connections_) ::close(connection.fd);
    }

    void run(long requests) override {
        to_ask_ = requests;
        long answered = 0;
        for (std::size_t i = 0; i < connections_.size() && to_ask_ > 0; ++i) {
            ask(connections_[i], shape_.depth);
            receive(i);
        }
        while (answered < requests) ring_.wait([&](const io_uring_cqe& cqe) { answered += take(cqe); });
    }

private:
    struct Connection {
        int fd;
        std::size_t sent, received;  // bytes, so far
        long asked;                  // and not answered
        std::vector<std::byte> memory;
    };
    static constexpr std::uint64_t of_send = ~std::uint64_t{0};

    void send(Connection& connection, std::size_t size) {
        auto* sqe = ring_.request();
        io_uring_prep_send(sqe, connection.fd, &pattern_[connection.sent % period], size, MSG_WAITALL | MSG_NOSIGNAL);
        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
        sqe->user_data = of_send;
        connection.sent += size;
    }

    void ask(Connection& connection, long count) {
        count = std::min(count, to_ask_);
        if (count <= 0) return;
        to_ask_ -= count;
        connection.asked += count;
        if (kind_ == SOCK_STREAM) return send(connection, shape_.size * static_cast<std::size_t>(count));
        for (long i = 0; i < count; ++i) send(connection, shape_.size);
    }

    void receive(std::size_t at) {
        auto& connection = connections_[at];
        auto* sqe = ring_.request();
        io_uring_prep_recv(sqe, connection.fd, connection.memory.data(), most_, 0);
        sqe->user_data = at;
    }

    /// How many answers that completes.
    long take(const io_uring_cqe& cqe) {
        if (cqe.user_data == of_send) fail("a request could not be sent");
        if (cqe.res <= 0) fail("the server has closed");
        auto at = static_cast<std::size_t>(cqe.user_data), size = static_cast<std::size_t>(cqe.res);
        auto& connection = connections_[at];
        if (kind_ == SOCK_DGRAM && size != shape_.size) fail("a datagram of another length");
        std::size_t place = connection.received % period;
        if (std::memcmp(connection.memory.data(), &pattern_[place], size) != 0) fail("other bytes than were sent");
        auto before = connection.received / shape_.size;
        connection.received += size;
        auto answers = static_cast<long>(connection.received / shape_.size - before);
        connection.asked -= answers;
        if (answers > 0) ask(connection, answers);
        if (connection.asked > 0) receive(at);
        return answers;
    }

    int kind_;
    LoadShape shape_;
    std::size_t most_;  // what can come back at a time
    std::vector<std::byte> pattern_;
    std::vector<Connection> connections_;
    long to_ask_ = 0;
    Ring ring_;
};

// ---- A connection for each request. ------------------------------------------------------------------------------------

class ConnectionLoad final : public Load {
public:
    ConnectionLoad(const Where& server, LoadShape shape)
        : server_(server), shape_(shape), pattern_(pattern(shape.size)) {
        slots_.resize(static_cast<std::size_t>(shape.connections));
        for (auto& slot : slots_) slot.memory.resize(shape.size);
    }

    void run(long requests) override {
        exchange(requests);
        exchange(1);  // when this one is answered, the ends of the others have been seen
    }

private:
    struct Slot {
        int fd = -1;
        std::vector<std::byte> memory;
    };

    void exchange(long requests) {
        long to_ask = requests, answered = 0;
        for (std::size_t i = 0; i < slots_.size() && to_ask > 0; ++i, --to_ask) begin(i);
        while (answered < requests)
            ring_.wait([&](const io_uring_cqe& cqe) {
                end(cqe);
                ++answered;
                if (to_ask-- > 0) begin(static_cast<std::size_t>(cqe.user_data));
            });
    }

    /// Many addresses of the loopback by turns: the ports of one would run out.
    void bind_to_next(int fd) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + count_++ % 200);
        int on = 1;
        must(::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on), "setsockopt");
        must(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    }

    void begin(std::size_t at) {
        auto& slot = slots_[at];
        slot.fd = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        bind_to_next(slot.fd);
        auto* sqe = ring_.request();
        io_uring_prep_connect(sqe, slot.fd, reinterpret_cast<sockaddr*>(&server_.address), server_.size);
        sqe->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
        sqe->user_data = at;
        sqe = ring_.request();
        io_uring_prep_send(sqe, slot.fd, pattern_.data(), shape_.size, MSG_WAITALL | MSG_NOSIGNAL);
        sqe->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
        sqe->user_data = at;
        sqe = ring_.request();
        io_uring_prep_recv(sqe, slot.fd, slot.memory.data(), shape_.size, MSG_WAITALL);
        sqe->user_data = at;
    }

    void end(const io_uring_cqe& cqe) {
        auto& slot = slots_[static_cast<std::size_t>(cqe.user_data)];
        if (cqe.res != static_cast<int>(shape_.size)) fail("a connection without its answer");
        if (std::memcmp(slot.memory.data(), pattern_.data(), shape_.size) != 0) fail("other bytes than were sent");
        ::close(slot.fd);
    }

    Where server_;
    LoadShape shape_;
    std::vector<std::byte> pattern_;
    std::vector<Slot> slots_;
    std::uint32_t count_ = 0;
    Ring ring_;
};

// ---- One way. ----------------------------------------------------------------------------------------------------------

class DiscardLoad final : public Load {
public:
    DiscardLoad(const Where& server, LoadShape shape) : server_(server), pattern_(shape.size) {}

    void run(long requests) override {
        int fd = connect_to(server_, SOCK_STREAM);
        for (long i = 0; i < requests; ++i) {
            for (std::size_t sent = 0; sent < pattern_.size();) {
                auto count = until_done(
                    [&] { return ::send(fd, &pattern_[sent], pattern_.size() - sent, MSG_NOSIGNAL); });
                if (count <= 0) fail("a request could not be sent");
                sent += static_cast<std::size_t>(count);
            }
        }
        must(::shutdown(fd, SHUT_WR), "shutdown");
        std::byte byte;
        if (until_done([&] { return ::recv(fd, &byte, 1, 0); }) != 0) fail("something came back");
        ::close(fd);
    }

private:
    Where server_;
    std::vector<std::byte> pattern_;
};

// ---- Trains. -----------------------------------------------------------------------------------------------------------

class TrainLoad final : public Load {
public:
    TrainLoad(const Where& server, LoadShape shape)
        : shape_(shape),
          train_(shape.size * static_cast<std::size_t>(shape.depth)),
          pattern_(pattern(train_)),
          memory_(std::size_t{1} << 16) {
        int on = 1;
        timeval limit{patience_s, 0};
        for (int i = 0; i < shape.connections; ++i) {
            int fd = connect_to(server, SOCK_DGRAM);
            must(::setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on), "setsockopt");
            must(::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), "setsockopt");
            sockets_.push_back(fd);
        }
    }
    ~TrainLoad() override {
        for (int fd : sockets_) ::close(fd);
    }

    void run(long requests) override {
        for (long answered = 0; answered < requests; answered += shape_.connections * shape_.depth) {
            for (int fd : sockets_) send(fd);
            for (int fd : sockets_) receive(fd);
            sent_ += train_;
        }
    }

private:
    void send(int fd) {
        auto segment = static_cast<std::uint16_t>(shape_.size);
        alignas(cmsghdr) std::byte control[CMSG_SPACE(sizeof segment)] = {};
        iovec piece{&pattern_[sent_ % period], train_};
        msghdr header{nullptr, 0, &piece, 1, control, sizeof control, 0};
        auto* item = CMSG_FIRSTHDR(&header);
        item->cmsg_level = IPPROTO_UDP;
        item->cmsg_type = UDP_SEGMENT;
        item->cmsg_len = CMSG_LEN(sizeof segment);
        std::memcpy(CMSG_DATA(item), &segment, sizeof segment);
        if (until_done([&] { return ::sendmsg(fd, &header, 0); }) != static_cast<ssize_t>(train_))
            fail("a train could not be sent");
    }

    void receive(int fd) {
        for (std::size_t got = 0; got < train_;) {
            ssize_t size = until_done([&] { return ::recv(fd, memory_.data(), memory_.size(), 0); });
            if (size <= 0) fail("no answer");
            if (std::memcmp(memory_.data(), &pattern_[sent_ % period + got], static_cast<std::size_t>(size)) != 0)
                fail("other bytes than were sent");
            got += static_cast<std::size_t>(size);
        }
    }

    LoadShape shape_;
    std::size_t train_;
    std::vector<std::byte> pattern_;
    std::vector<std::byte> memory_;
    std::vector<int> sockets_;
    std::size_t sent_ = 0;
};

}  // namespace

int connect_to(const Where& server, int kind) {
    int fd = must(::socket(server.address.ss_family, kind | SOCK_CLOEXEC, 0), "socket");
    must(::connect(fd, reinterpret_cast<const sockaddr*>(&server.address), server.size), "connect");
    int on = 1;  // of Unix and UDP there is none
    (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

std::unique_ptr<Load> echo_load(const Where& server, int kind, LoadShape shape) {
    return std::make_unique<EchoLoad>(server, kind, shape);
}

std::unique_ptr<Load> connection_load(const Where& server, LoadShape shape) {
    return std::make_unique<ConnectionLoad>(server, shape);
}

std::unique_ptr<Load> train_load(const Where& server, LoadShape shape) {
    return std::make_unique<TrainLoad>(server, shape);
}

std::unique_ptr<Load> discard_load(const Where& server, LoadShape shape) {
    return std::make_unique<DiscardLoad>(server, shape);
}

}  // namespace bench
