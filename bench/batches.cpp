// SPDX-License-Identifier: BSL-1.0
// Claim: many datagrams in one call cost what sendmmsg(2) and recvmmsg(2) cost; and a train (UDP_SEGMENT, UDP_GRO) costs
// a fifth, at the most, of a call for each datagram. A turn is 32 datagrams over the loopback, sent and received by one
// thread.
#include <bight/batch.h>
#include <bight/socket.h>

#include "support/claims.h"
#include "support/sockets.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/udp.h>

namespace {

using bench::Claim;
using bench::must;
using bench::Side;

constexpr std::size_t count = 32;
constexpr std::size_t most = 1200 + count;  // of a datagram
constexpr double goal = 1.02;
constexpr double goal_of_trains = 0.2;

template <class Turn>
Side repeat(Turn turn) {
    return [turn](long turns) {
        for (long i = 0; i < turns; ++i) turn();
    };
}

/// Two ports, the first connected to the second, with room for what both sides of a claim need.
struct Post {
    explicit Post(bool joins = false) : Post(bench::udp_loopback(), joins) {}
    Post(bench::Ports ports, bool joins)
        : from(bight::Socket::adopt(ports.from)), to(bight::Socket::adopt(ports.to)), out(count * most), in(1u << 16) {
        from.connect(to.getsockname());
        if (joins) to.setsockopt(IPPROTO_UDP, UDP_GRO, 1);
    }

    bight::Socket from, to;
    std::vector<std::byte> out, in;
    bight::SendBatch to_send{count};
    bight::ReceiveBatch received{count, most};
    bight::ReceiveBatch train{1, 1u << 16};
    unsigned seen = 0;  // both sides look at every datagram of a train
};
using PostPtr = std::shared_ptr<Post>;

// ---- One call for each. ------------------------------------------------------------------------------------------------

Side one_by_one(const PostPtr& post, std::size_t size) {
    return repeat([post, data = bight::Bytes(post->out).slice(0, size)] {
        for (std::size_t i = 0; i < count; ++i) post->from.send(data);
        for (std::size_t i = 0; i < count; ++i)
            if (post->to.recv_into(post->in).size() != data.size()) std::abort();
    });
}

// ---- Batches: datagrams of growing length, which make no train. --------------------------------------------------------

Side our_batches(const PostPtr& post, std::size_t size) {
    return repeat([post, size] {
        for (std::size_t i = 0; i < count; ++i) post->to_send.add(bight::Bytes(post->out).slice(i * most, size + i));
        if (post->from.sendmmsg(post->to_send) != count) std::abort();
        std::size_t got = 0;
        while (got < count)
            for (auto datagram : post->to.recvmmsg(post->received))
                if (datagram.data.size() != size + got++) std::abort();
    });
}

/// What a batch by hand is made of, once.
struct RawBatch {
    std::array<mmsghdr, count> headers{};
    std::array<iovec, count> pieces{};
    std::array<sockaddr_storage, count> peers{};
};

Side raw_batches(const PostPtr& post, std::size_t size) {
    auto out = std::make_shared<RawBatch>(), in = std::make_shared<RawBatch>();
    auto memory = std::make_shared<std::vector<std::byte>>(count * most);
    return repeat([=, from = post->from.fileno(), to = post->to.fileno()] {
        for (std::size_t i = 0; i < count; ++i) {
            out->pieces[i] = {post->out.data() + i * most, size + i};
            out->headers[i].msg_hdr.msg_iov = &out->pieces[i];
            out->headers[i].msg_hdr.msg_iovlen = 1;
        }
        if (::sendmmsg(from, out->headers.data(), count, MSG_NOSIGNAL) != static_cast<int>(count)) std::abort();
        for (std::size_t got = 0; got < count;) {
            for (std::size_t i = 0; i < count; ++i) {
                in->pieces[i] = {memory->data() + i * most, most};
                auto& header = in->headers[i].msg_hdr;
                header.msg_name = &in->peers[i];
                header.msg_namelen = sizeof(sockaddr_storage);
                header.msg_iov = &in->pieces[i];
                header.msg_iovlen = 1;
            }
            int came = must(::recvmmsg(to, in->headers.data(), count, MSG_WAITFORONE, nullptr), "recvmmsg");
            for (int i = 0; i < came; ++i)
                if (in->headers[static_cast<std::size_t>(i)].msg_len != size + got++) std::abort();
        }
    });
}

// ---- Trains: one piece of memory, cut and put together by the kernel. --------------------------------------------------

Side our_trains(const PostPtr& post, std::size_t size) {
    return repeat([post, size] {
        post->to_send.add_train(bight::Bytes(post->out).slice(0, count * size), size);
        if (post->from.sendmmsg(post->to_send) != count) std::abort();
        std::size_t got = 0;
        while (got < count)
            for (auto datagram : post->to.recvmmsg(post->train)) {
                if (datagram.data.size() != size) std::abort();
                post->seen += std::to_integer<unsigned>(datagram.data[0]);
                ++got;
            }
    });
}

void raw_send_train(int fd, std::byte* data, std::size_t size) {
    iovec piece{data, count * size};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> control{};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = IPPROTO_UDP;
    item->cmsg_type = UDP_SEGMENT;
    item->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    auto segment = static_cast<std::uint16_t>(size);
    std::memcpy(CMSG_DATA(item), &segment, sizeof segment);
    if (::sendmsg(fd, &header, MSG_NOSIGNAL) != static_cast<ssize_t>(count * size)) std::abort();
}

/// How many datagrams came.
std::size_t raw_receive_train(int fd, Post& post, std::size_t size) {
    iovec piece{post.in.data(), post.in.size()};
    alignas(cmsghdr) std::array<char, 128> control;
    sockaddr_storage sender;
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    auto length = static_cast<std::size_t>(must(static_cast<int>(::recvmsg(fd, &header, 0)), "recvmsg"));
    int segment = static_cast<int>(length);
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item))
        if (item->cmsg_level == IPPROTO_UDP && item->cmsg_type == UDP_GRO)
            std::memcpy(&segment, CMSG_DATA(item), sizeof segment);
    std::size_t datagrams = 0;
    for (std::size_t at = 0; at < length; at += static_cast<std::size_t>(segment), ++datagrams) {
        if (std::min(static_cast<std::size_t>(segment), length - at) != size) std::abort();
        post.seen += std::to_integer<unsigned>(post.in[at]);
    }
    return datagrams;
}

Side raw_trains(const PostPtr& post, std::size_t size) {
    return repeat([=, from = post->from.fileno(), to = post->to.fileno()] {
        raw_send_train(from, post->out.data(), size);
        for (std::size_t got = 0; got < count;) got += raw_receive_train(to, *post, size);
    });
}

std::vector<Claim> claims() {
    std::vector<Claim> rows;
    for (std::size_t size : {64, 1200}) {
        auto plain = std::make_shared<Post>(), joined = std::make_shared<Post>(true);
        auto name = "32 x udp " + std::to_string(size) + " B";
        rows.push_back({"sendmmsg + recvmmsg, " + name, goal, 0, our_batches(plain, size), raw_batches(plain, size)});
        rows.push_back({"a train, " + name, 0, 0, our_trains(joined, size), raw_trains(joined, size)});
        rows.push_back({"a train against 32 calls, " + name, goal_of_trains, 0, our_trains(joined, size),
                        one_by_one(plain, size)});
    }
    return rows;
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }
