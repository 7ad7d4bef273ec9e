// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/options/option.h>
#include <bight/options/values.h>

// Options of netlink(7) and vsock(7); their numbers are those of <linux/netlink.h> and <linux/vm_sockets.h>.
namespace bight::options {

/// Joins a group of messages, or leaves it.
inline constexpr Option<Whole<>, Access::write> netlink_add_membership{
    SOL_NETLINK, 1, "NETLINK_ADD_MEMBERSHIP", {.least = 1}};
inline constexpr Option<Whole<>, Access::write> netlink_drop_membership{
    SOL_NETLINK, 2, "NETLINK_DROP_MEMBERSHIP", {.least = 1}};
inline constexpr Option<Switch> netlink_packet_info{SOL_NETLINK, 3, "NETLINK_PKTINFO"};
inline constexpr Option<Switch> netlink_broadcast_error{SOL_NETLINK, 4, "NETLINK_BROADCAST_ERROR"};

/// Messages that were lost for want of room are not told by ENOBUFS.
inline constexpr Option<Switch> netlink_no_enobufs{SOL_NETLINK, 5, "NETLINK_NO_ENOBUFS"};
inline constexpr Option<Switch> netlink_listen_all_namespaces{SOL_NETLINK, 8, "NETLINK_LISTEN_ALL_NSID"};

/// Acknowledgements leave the question out; errors say in words what was wrong; questions are checked strictly.
inline constexpr Option<Switch> netlink_cap_ack{SOL_NETLINK, 10, "NETLINK_CAP_ACK"};
inline constexpr Option<Switch> netlink_extended_ack{SOL_NETLINK, 11, "NETLINK_EXT_ACK"};
inline constexpr Option<Switch> netlink_strict_check{SOL_NETLINK, 12, "NETLINK_GET_STRICT_CHK"};

inline constexpr Option<Whole<std::uint64_t>> vsock_buffer_size{
    AF_VSOCK, 0, "SO_VM_SOCKETS_BUFFER_SIZE", {.unit = "bytes"}};
inline constexpr Option<Whole<std::uint64_t>> vsock_buffer_min_size{
    AF_VSOCK, 1, "SO_VM_SOCKETS_BUFFER_MIN_SIZE", {.unit = "bytes"}};
inline constexpr Option<Whole<std::uint64_t>> vsock_buffer_max_size{
    AF_VSOCK, 2, "SO_VM_SOCKETS_BUFFER_MAX_SIZE", {.unit = "bytes"}};
/// Zero stands for the default, 2 seconds.
inline constexpr Option<KernelTime> vsock_connect_timeout{AF_VSOCK, 6, "SO_VM_SOCKETS_CONNECT_TIMEOUT"};

}  // namespace bight::options
