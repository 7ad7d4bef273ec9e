// SPDX-License-Identifier: BSL-1.0
#include "sys/unix_queue.h"

#include "sys/calls.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

namespace bight::sys {
namespace {

constexpr std::uint32_t anything = 0xffffffff;

struct Question {
    nlmsghdr header{};
    unix_diag_req request{};
};

template <class Part>
bool take(Bytes& from, Part& part) noexcept {
    if (from.size() < sizeof part) return false;
    std::memcpy(&part, from.data(), sizeof part);
    return true;
}

/// The attribute that tells of the queue, among those behind the answer's heads.
Result<std::size_t> length_in(Bytes answer) noexcept {
    nlmsghdr header{};
    if (!take(answer, header)) return failed(EBADMSG);
    if (header.nlmsg_type == NLMSG_ERROR) {
        nlmsgerr error{};
        auto body = answer.slice(NLMSG_HDRLEN);
        return failed(take(body, error) && error.error < 0 ? -error.error : EBADMSG);
    }
    auto rest = answer.slice(NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(unix_diag_msg)));
    nlattr attribute{};
    while (take(rest, attribute) && attribute.nla_len >= NLA_HDRLEN) {
        unix_diag_rqlen length{};
        auto value = rest.slice(NLA_HDRLEN);
        if (attribute.nla_type == UNIX_DIAG_RQLEN && take(value, length)) return length.udiag_rqueue;
        rest = rest.slice(NLA_ALIGN(attribute.nla_len));
    }
    return failed(EBADMSG);
}

Result<std::size_t> ask(int netlink, std::uint64_t inode) noexcept {
    Question question;
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    question.request.sdiag_family = AF_UNIX;
    question.request.udiag_states = anything;
    question.request.udiag_ino = static_cast<std::uint32_t>(inode);
    question.request.udiag_show = UDIAG_SHOW_RQLEN;
    for (auto& half : question.request.udiag_cookie) half = anything;
    auto sent = send(netlink, Bytes(std::as_bytes(std::span(&question, 1))), 0);
    if (!sent) return sent;
    std::array<std::byte, 1024> memory;
    auto got = recv(netlink, MutableBytes(memory), MSG_DONTWAIT);  // the kernel answers within the call that asks
    return got ? length_in(Bytes(memory).slice(0, *got)) : got;
}

}  // namespace

Result<std::size_t> waiting_at_unix(int listener) noexcept {
    auto identity = identify(listener);
    if (!identity) return std::unexpected(identity.error());
    auto netlink = socket(Family(AF_NETLINK), Kind(SOCK_RAW), NETLINK_SOCK_DIAG);
    if (!netlink) return std::unexpected(netlink.error());
    auto length = ask(*netlink, identity->inode);
    (void)close(*netlink);
    return length;
}

}  // namespace bight::sys
