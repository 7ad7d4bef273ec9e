// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

// Where the kernel puts the parts of its tcp_info, which only grows at its end. Written here, for values know no system
// header; src/sys/tcp_info_layout.cpp asserts each against the platform, as far as its headers go.
namespace bight::tcp_info_layout {

inline constexpr std::size_t state = 0, ca_state = 1, retransmits = 2, probes = 3, backoff = 4, options = 5;
inline constexpr std::size_t window_scales = 6;  // a byte: to send in the low half, to receive in the high one
inline constexpr std::size_t flags = 7;          // bit 0: limited by the application; 1 and 2: failure of fast open

inline constexpr std::size_t rto = 8, ato = 12, snd_mss = 16, rcv_mss = 20;
inline constexpr std::size_t unacked = 24, sacked = 28, lost = 32, retrans = 36, fackets = 40;
inline constexpr std::size_t last_data_sent = 44, last_data_recv = 52, last_ack_recv = 56;
inline constexpr std::size_t pmtu = 60, rcv_ssthresh = 64, rtt = 68, rttvar = 72, snd_ssthresh = 76, snd_cwnd = 80;
inline constexpr std::size_t advmss = 84, reordering = 88, rcv_rtt = 92, rcv_space = 96, total_retrans = 100;

inline constexpr std::size_t pacing_rate = 104, max_pacing_rate = 112, bytes_acked = 120, bytes_received = 128;
inline constexpr std::size_t segs_out = 136, segs_in = 140, notsent_bytes = 144, min_rtt = 148;
inline constexpr std::size_t data_segs_in = 152, data_segs_out = 156, delivery_rate = 160;
inline constexpr std::size_t busy_time = 168, rwnd_limited = 176, sndbuf_limited = 184;
inline constexpr std::size_t delivered = 192, delivered_ce = 196, bytes_sent = 200, bytes_retrans = 208;
inline constexpr std::size_t dsack_dups = 216, reord_seen = 220, rcv_ooopack = 224, snd_wnd = 228;
inline constexpr std::size_t rcv_wnd = 232, rehash = 236;                                        // Linux 6.2
inline constexpr std::size_t total_rto = 240, total_rto_recoveries = 242, total_rto_time = 244;  // Linux 6.7

// Bits of `options`.
inline constexpr unsigned timestamps = 1, sack = 2, wscale = 4, ecn = 8, ecn_seen = 16, syn_data = 32;

}  // namespace bight::tcp_info_layout
