// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

// How the kernel lays out ancillary data (cmsg(3)), and the numbers of the items that have a typed form. Written here,
// for values know no system header; src/sys/message_calls.cpp asserts each against the platform.
namespace bight::cmsg {

// An item is this header (its length with the header's, then level and type), then its data, then room up to a multiple
// of the alignment.
inline constexpr std::size_t alignment = sizeof(std::size_t);
inline constexpr std::size_t level = sizeof(std::size_t);
inline constexpr std::size_t type = level + sizeof(int);
inline constexpr std::size_t header = type + sizeof(int);

constexpr std::size_t aligned(std::size_t size) noexcept { return (size + alignment - 1) & ~(alignment - 1); }

// Levels.
inline constexpr int socket = 1;
inline constexpr int ip = 0;
inline constexpr int ipv6 = 41;
inline constexpr int tcp = 6;
inline constexpr int udp = 17;
inline constexpr int alg = 279;

// Types of the level `socket`.
inline constexpr int rights = 1;
inline constexpr int credentials = 2;
inline constexpr int pidfd = 4;
inline constexpr int timestamp = 29;
inline constexpr int security = 3;
inline constexpr int timestamp_ns = 35;
inline constexpr int mark = 36;
inline constexpr int timestamping = 37;
inline constexpr int drops = 40;

// Types of the levels `ip`, `ipv6`, `tcp`, `udp`.
inline constexpr int ip_tos = 1;
inline constexpr int ip_ttl = 2;
inline constexpr int ip_packet_info = 8;
inline constexpr int ip_error = 11;
inline constexpr int ip_original_destination = 20;
inline constexpr int ipv6_error = 25;
inline constexpr int ipv6_original_destination = 74;
inline constexpr int ipv6_packet_info = 50;
inline constexpr int ipv6_hop_limit = 52;
inline constexpr int ipv6_traffic_class = 67;
inline constexpr int tcp_waiting = 36;
inline constexpr int udp_segment = 103;
inline constexpr int udp_gro = 104;

// Types of the level `alg`: what sendmsg_afalg() sends.
inline constexpr int alg_iv = 2;
inline constexpr int alg_operation = 3;
inline constexpr int alg_associated_length = 4;

}  // namespace bight::cmsg
