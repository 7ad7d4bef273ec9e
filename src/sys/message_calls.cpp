// SPDX-License-Identifier: BSL-1.0
#include "sys/messages.h"

#include "sys/checked.h"
#include "sys/sockaddr.h"
#include "values/cmsg_layout.h"

#include <climits>
#include <cstddef>
#include <type_traits>

#include <linux/if_alg.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

namespace bight::sys {

// What the values layer wrote down about the platform, held against the platform.
static_assert(cmsg::header == sizeof(cmsghdr) && cmsg::header == CMSG_LEN(0));
static_assert(cmsg::level == offsetof(cmsghdr, cmsg_level) && cmsg::type == offsetof(cmsghdr, cmsg_type));
static_assert(cmsg::aligned(1) == CMSG_ALIGN(1) && cmsg::header + cmsg::aligned(9) == CMSG_SPACE(9));
static_assert(cmsg::socket == SOL_SOCKET && cmsg::ip == IPPROTO_IP && cmsg::ipv6 == IPPROTO_IPV6);
static_assert(cmsg::udp == IPPROTO_UDP && cmsg::alg == SOL_ALG);
static_assert(cmsg::rights == SCM_RIGHTS && cmsg::credentials == SCM_CREDENTIALS);
static_assert(cmsg::timestamp == SCM_TIMESTAMP && cmsg::timestamp_ns == SCM_TIMESTAMPNS && cmsg::drops == SO_RXQ_OVFL);
static_assert(cmsg::ip_tos == IP_TOS && cmsg::ip_ttl == IP_TTL && cmsg::ip_packet_info == IP_PKTINFO);
static_assert(cmsg::ipv6_packet_info == IPV6_PKTINFO && cmsg::ipv6_hop_limit == IPV6_HOPLIMIT);
static_assert(cmsg::ipv6_traffic_class == IPV6_TCLASS);
static_assert(cmsg::mark == SO_MARK && cmsg::timestamping == SCM_TIMESTAMPING && cmsg::tcp == IPPROTO_TCP);
static_assert(cmsg::ip_error == IP_RECVERR && cmsg::ipv6_error == IPV6_RECVERR);
static_assert(cmsg::ip_original_destination == IP_ORIGDSTADDR);
static_assert(cmsg::ipv6_original_destination == IPV6_ORIGDSTADDR && cmsg::tcp_waiting == TCP_CM_INQ);
static_assert(cmsg::udp_segment == UDP_SEGMENT && cmsg::udp_gro == UDP_GRO);
static_assert(cmsg::alg_iv == ALG_SET_IV && cmsg::alg_operation == ALG_SET_OP);
static_assert(cmsg::alg_associated_length == ALG_SET_AEAD_ASSOCLEN);
static_assert(sizeof(Bytes) == sizeof(iovec) && std::is_standard_layout_v<Bytes>);
static_assert(sizeof(MutableBytes) == sizeof(iovec));
static_assert(most_buffers == IOV_MAX);

Result<std::size_t> recvmmsg(int fd, std::span<mmsghdr> messages, int flags) noexcept {
    return moved(Call::recvmmsg, messages.size(), [&](std::size_t most) {
        return ::recvmmsg(fd, messages.data(), static_cast<unsigned>(most), flags | MSG_CMSG_CLOEXEC, nullptr);
    });
}

Result<std::size_t> sendmmsg(int fd, std::span<mmsghdr> messages, int flags) noexcept {
    return moved(Call::sendmmsg, messages.size(), [&](std::size_t most) {
        return ::sendmmsg(fd, messages.data(), static_cast<unsigned>(most), flags | MSG_NOSIGNAL);
    });
}

}  // namespace bight::sys
