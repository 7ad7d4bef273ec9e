// SPDX-License-Identifier: BSL-1.0
// The least that an io_uring server can do, by liburing: descriptors that are the ring's own, one request for all accepts
// and one for all that a connection receives, into buffers that the kernel picks; what was received is sent from where it
// lies. The buffers that are ready are few and those that were used last, so that they are in the caches.
#include "servers/servers.h"
#include "support/sockets.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>

namespace bench {
namespace {

constexpr unsigned requests = 4096;
constexpr unsigned completions = 16384;
constexpr unsigned descriptors = 16384;

int checked(int answer, const char* call) {
    if (answer < 0) errno = -answer;
    return must(answer < 0 ? -1 : answer, call);
}

/// Buffers for a ring of them. Those that are given back last are made ready first.
class Buffers {
public:
    static constexpr unsigned count = 2048;
    static constexpr std::size_t size = 16384;

    explicit Buffers(io_uring& ring) : memory_(static_cast<std::byte*>(std::aligned_alloc(4096, count * size))) {
        void* place = ::mmap(nullptr, count * sizeof(io_uring_buf), PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE,
                             -1, 0);
        if (place == MAP_FAILED || !memory_) throw std::bad_alloc();
        ready_ = static_cast<io_uring_buf_ring*>(place);
        io_uring_buf_ring_init(ready_);
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uintptr_t>(ready_);
        registration.ring_entries = count;
        checked(io_uring_register_buf_ring(&ring, &registration, 0), "io_uring_register_buf_ring");
        for (unsigned i = count; i-- > 0;) give(i);
        refill();
    }

    std::byte* at(unsigned buffer) noexcept { return memory_ + buffer * size; }
    void give(unsigned buffer) { free_.push_back(buffer); }

    unsigned taken(unsigned cqe_flags) noexcept {
        --in_ring_;
        ++used_;
        return cqe_flags >> IORING_CQE_BUFFER_SHIFT;
    }

    void ran_out() noexcept { used_ += least; }

    /// Once a turn: makes ready about twice of what a turn has lately used.
    void refill() {
        if (2 * used_ > wanted_)
            wanted_ = std::min(2 * used_, count);
        else if (wanted_ > least && 4 * used_ < wanted_)
            wanted_ -= std::max(wanted_ / 64, 1u);
        used_ = 0;
        int added = 0;
        for (; in_ring_ < wanted_ && !free_.empty(); ++in_ring_, free_.pop_back())
            io_uring_buf_ring_add(ready_, at(free_.back()), size, static_cast<unsigned short>(free_.back()),
                                  io_uring_buf_ring_mask(count), added++);
        if (added) io_uring_buf_ring_advance(ready_, added);
    }

private:
    static constexpr unsigned least = 64;

    std::byte* memory_;
    io_uring_buf_ring* ready_;
    std::vector<unsigned> free_;
    unsigned in_ring_ = 0, used_ = 0, wanted_ = least;
};

constexpr unsigned none = ~0u;

class RingServer {
public:
    RingServer(Service service, int fd) : service_(service), fd_(fd), buffers_(open()), held_(Buffers::count) {
        int on = 1;  // what is accepted inherits it; what is no TCP has none
        (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (service != Service::datagrams) {
            checked(io_uring_register_files_sparse(&ring_, descriptors), "io_uring_register_files_sparse");
            connections_.resize(descriptors);
            accept();
        } else {
            shape_.msg_namelen = sizeof(sockaddr_in);
            receive_datagrams();
        }
    }

    [[noreturn]] void run() {
        while (true) {
            io_uring_submit_and_wait(&ring_, 1);
            unsigned head = 0, seen = 0;
            io_uring_cqe* cqe = nullptr;
            io_uring_for_each_cqe(&ring_, head, cqe) {
                ++seen;
                handle(*cqe);
            }
            buffers_.refill();
            io_uring_cq_advance(&ring_, seen);
        }
    }

private:
    enum class What : std::uint8_t { accepted, received, sent, closed, datagram, datagram_sent };

    struct Connection {
        unsigned first = none, last = none;  // the buffers to be sent, the one that is on its way first
        bool sending = false, ending = false;
    };

    /// What is known of a buffer that waits to be sent.
    struct Held {
        unsigned next, length;
        iovec piece;
        msghdr header;
    };

    io_uring& open() {
        io_uring_params params{};
        params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
        params.cq_entries = completions;
        checked(io_uring_queue_init_params(requests, &ring_, &params), "io_uring_queue_init_params");
        io_uring_register_ring_fd(&ring_);
        return ring_;
    }

    io_uring_sqe* request() {
        io_uring_sqe* sqe;
        while (!(sqe = io_uring_get_sqe(&ring_))) io_uring_submit(&ring_);
        return sqe;
    }

    static void mark(io_uring_sqe* sqe, What what, unsigned buffer, unsigned fd, unsigned flags) {
        sqe->user_data = static_cast<std::uint64_t>(what) << 56 | static_cast<std::uint64_t>(buffer) << 32 | fd;
        sqe->flags |= static_cast<std::uint8_t>(flags);
    }

    void accept() {
        auto* sqe = request();
        io_uring_prep_multishot_accept_direct(sqe, fd_, nullptr, nullptr, 0);
        mark(sqe, What::accepted, 0, 0, 0);
    }

    void receive(unsigned fd) {
        auto* sqe = request();
        io_uring_prep_recv_multishot(sqe, static_cast<int>(fd), nullptr, 0, 0);
        mark(sqe, What::received, 0, fd, IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE);
    }

    void send_first(unsigned fd) {
        auto& connection = connections_[fd];
        unsigned buffer = connection.first;
        auto* sqe = request();
        io_uring_prep_send(sqe, static_cast<int>(fd), buffers_.at(buffer), held_[buffer].length,
                           MSG_WAITALL | MSG_NOSIGNAL);
        mark(sqe, What::sent, buffer, fd, IOSQE_FIXED_FILE);
        connection.sending = true;
    }

    void close(unsigned fd) {
        auto* sqe = request();
        io_uring_prep_close_direct(sqe, fd);
        mark(sqe, What::closed, 0, fd, IOSQE_CQE_SKIP_SUCCESS);
    }

    void receive_datagrams() {
        auto* sqe = request();
        io_uring_prep_recvmsg_multishot(sqe, fd_, &shape_, 0);
        mark(sqe, What::datagram, 0, 0, IOSQE_BUFFER_SELECT);
    }

    void handle(const io_uring_cqe& cqe) {
        auto fd = static_cast<unsigned>(cqe.user_data);
        auto buffer = static_cast<unsigned>(cqe.user_data >> 32) & 0xffffff;
        switch (static_cast<What>(cqe.user_data >> 56)) {
            case What::accepted:
                if (!(cqe.flags & IORING_CQE_F_MORE)) accept();
                if (cqe.res < 0) return;
                connections_[static_cast<unsigned>(cqe.res)] = {};
                return receive(static_cast<unsigned>(cqe.res));
            case What::received: return has_received(fd, cqe);
            case What::sent: return has_sent(fd, buffer, cqe.res);
            case What::closed: return;
            case What::datagram: return has_datagram(cqe);
            case What::datagram_sent: return buffers_.give(buffer);
        }
    }

    void has_received(unsigned fd, const io_uring_cqe& cqe) {
        auto& connection = connections_[fd];
        if (cqe.res <= 0 && cqe.res != -ENOBUFS) {
            if (!connection.sending) return close(fd);
            connection.ending = true;
            return;
        }
        if (cqe.res > 0) {
            unsigned buffer = buffers_.taken(cqe.flags);
            if (service_ == Service::discard) {
                buffers_.give(buffer);
            } else {
                held_[buffer].next = none;
                held_[buffer].length = static_cast<unsigned>(cqe.res);
                (connection.first == none ? connection.first : held_[connection.last].next) = buffer;
                connection.last = buffer;
                if (!connection.sending) send_first(fd);
            }
        } else {
            buffers_.ran_out();
        }
        if (!(cqe.flags & IORING_CQE_F_MORE)) receive(fd);
    }

    void has_sent(unsigned fd, unsigned buffer, int result) {
        auto& connection = connections_[fd];
        connection.first = held_[buffer].next;
        connection.sending = false;
        buffers_.give(buffer);
        for (; result < 0 && connection.first != none; connection.first = held_[connection.first].next)
            buffers_.give(connection.first);
        if (connection.first != none)
            send_first(fd);
        else if (connection.ending)
            close(fd);
    }

    void has_datagram(const io_uring_cqe& cqe) {
        if (cqe.res > 0) {
            unsigned buffer = buffers_.taken(cqe.flags);
            auto* out = io_uring_recvmsg_validate(buffers_.at(buffer), cqe.res, &shape_);
            auto& held = held_[buffer];
            held.piece = {io_uring_recvmsg_payload(out, &shape_),
                          io_uring_recvmsg_payload_length(out, cqe.res, &shape_)};
            held.header = {};
            held.header.msg_name = io_uring_recvmsg_name(out);
            held.header.msg_namelen = out->namelen;
            held.header.msg_iov = &held.piece;
            held.header.msg_iovlen = 1;
            auto* sqe = request();
            io_uring_prep_sendmsg(sqe, fd_, &held.header, 0);
            mark(sqe, What::datagram_sent, buffer, 0, 0);
        } else if (cqe.res == -ENOBUFS) {
            buffers_.ran_out();
        }
        if (!(cqe.flags & IORING_CQE_F_MORE)) receive_datagrams();
    }

    Service service_;
    int fd_;
    io_uring ring_{};
    Buffers buffers_;
    std::vector<Held> held_;
    std::vector<Connection> connections_;
    msghdr shape_{};  // of datagrams that come: how long the address may be
};

}  // namespace

void serve_raw_ring(Service service, int fd) { RingServer(service, fd).run(); }

}  // namespace bench
