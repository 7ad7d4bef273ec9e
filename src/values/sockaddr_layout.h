// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

// How the kernel lays out the three addresses that have text forms: ip(7), ipv6(7), unix(7). Written here, for values
// know no system header; src/sys/sockaddr.cpp asserts each number against the platform's structs.
namespace bight::layout {

inline constexpr std::size_t family = 0;  // two bytes, order of the host
inline constexpr std::size_t port = 2;    // two bytes, order of the network

inline constexpr std::size_t inet_host = 4;
inline constexpr std::size_t inet_size = 16;

inline constexpr std::size_t inet6_flow = 4;  // order of the network
inline constexpr std::size_t inet6_host = 8;
inline constexpr std::size_t inet6_scope = 24;  // order of the host
inline constexpr std::size_t inet6_size = 28;

inline constexpr std::size_t unix_path = 2;
inline constexpr std::size_t unix_size = 110;
inline constexpr std::size_t unix_path_max = unix_size - unix_path - 1;  // 107: a NUL on either end

}  // namespace bight::layout
