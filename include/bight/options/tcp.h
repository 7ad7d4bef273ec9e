// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/options/option.h>
#include <bight/options/values.h>

// Options of TCP: tcp(7).
namespace bight::options {

/// Small pieces leave at once, and do not wait for the acknowledgement of what went before.
inline constexpr Option<Switch> tcp_no_delay{IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY"};

/// Only full segments leave, until it is turned off, for 200 ms at most.
inline constexpr Option<Switch> tcp_cork{IPPROTO_TCP, TCP_CORK, "TCP_CORK"};

/// Acknowledges at once. The kernel turns it off again as it likes.
inline constexpr Option<Switch> tcp_quick_ack{IPPROTO_TCP, TCP_QUICKACK, "TCP_QUICKACK"};

// ---- How long a peer may be silent. ------------------------------------------------------------------------------------

/// With keep_alive: the silence before the first question, the time between two, and how many may go unanswered.
inline constexpr Option<Time<std::chrono::seconds>> tcp_keep_idle{
    IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE", {.least = 1, .most = 32767}};
inline constexpr Option<Time<std::chrono::seconds>> tcp_keep_interval{
    IPPROTO_TCP, TCP_KEEPINTVL, "TCP_KEEPINTVL", {.least = 1, .most = 32767}};
inline constexpr Option<Whole<>> tcp_keep_count{IPPROTO_TCP, TCP_KEEPCNT, "TCP_KEEPCNT", {.least = 1, .most = 127}};

/// How long data that was sent may go unacknowledged before the connection is given up; 0 for the system's default. It
/// overrules tcp_keep_count. RFC 5482.
inline constexpr Option<Time<std::chrono::milliseconds>> tcp_user_timeout{IPPROTO_TCP, TCP_USER_TIMEOUT,
                                                                          "TCP_USER_TIMEOUT"};

/// How often connect() repeats its SYN.
inline constexpr Option<Whole<>> tcp_syn_count{IPPROTO_TCP, TCP_SYNCNT, "TCP_SYNCNT", {.least = 1, .most = 127}};

/// How long a closed connection waits in FIN_WAIT2; -1 s for not at all, 0 for the system's default.
inline constexpr Option<Time<std::chrono::seconds>> tcp_linger2{IPPROTO_TCP, TCP_LINGER2, "TCP_LINGER2", {.least = -1}};

/// Limits of the time to retransmission, and of the delay of acknowledgements. Linux 6.15.
inline constexpr Option<Time<std::chrono::milliseconds>> tcp_rto_max{
    IPPROTO_TCP, 44, "TCP_RTO_MAX_MS", {.least = 1000, .most = 120'000}};
inline constexpr Option<Time<std::chrono::microseconds>> tcp_rto_min{IPPROTO_TCP, 45, "TCP_RTO_MIN_US", {.least = 1}};
inline constexpr Option<Time<std::chrono::microseconds>> tcp_delayed_ack_max{
    IPPROTO_TCP, 46, "TCP_DELACK_MAX_US", {.least = 1}};

// ---- Listening and connecting. -----------------------------------------------------------------------------------------

/// A listener wakes accept() only once data has come; the kernel rounds the time up to a number of retransmissions, and
/// gives back the rounded one. 0 for off.
inline constexpr Option<Time<std::chrono::seconds>> tcp_defer_accept{IPPROTO_TCP, TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT"};

/// Of a listener: how many connections may wait that brought data with their SYN. RFC 7413.
inline constexpr Option<Whole<>> tcp_fast_open{IPPROTO_TCP, TCP_FASTOPEN, "TCP_FASTOPEN", {.least = 0}};

/// Of a client: connect() returns at once, and the first data goes with the SYN.
inline constexpr Option<Switch> tcp_fast_open_connect{IPPROTO_TCP, TCP_FASTOPEN_CONNECT, "TCP_FASTOPEN_CONNECT"};
inline constexpr Option<Switch> tcp_fast_open_no_cookie{IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, "TCP_FASTOPEN_NO_COOKIE"};

/// A listener keeps the headers of each SYN: 1 those of IP and TCP, 2 the link's as well. They are read once from the
/// connection, and gone; how long they are is the peer's choice.
inline constexpr Option<Whole<>> tcp_save_syn{IPPROTO_TCP, TCP_SAVE_SYN, "TCP_SAVE_SYN", {.least = 0, .most = 2}};
inline constexpr Option<Answer<std::string, detail::read_bytes, 65536>, Access::read> tcp_saved_syn{
    IPPROTO_TCP, TCP_SAVED_SYN, "TCP_SAVED_SYN"};

// ---- Data on its way. --------------------------------------------------------------------------------------------------

/// The algorithm of congestion control, "cubic"; the kernel loads others where it may.
inline constexpr Option<Word> tcp_congestion{IPPROTO_TCP, TCP_CONGESTION, "TCP_CONGESTION"};

/// What works on top, "tls"; empty for nothing.
inline constexpr Option<Word> tcp_upper_layer{IPPROTO_TCP, TCP_ULP, "TCP_ULP"};

/// The longest segment; before connect() what is offered, after it what is used.
inline constexpr Option<Whole<>> tcp_max_segment{
    IPPROTO_TCP, TCP_MAXSEG, "TCP_MAXSEG", {.least = 88, .most = 32767, .unit = "bytes", .also = 0}};
inline constexpr Option<Whole<>> tcp_window_clamp{
    IPPROTO_TCP, TCP_WINDOW_CLAMP, "TCP_WINDOW_CLAMP", {.least = 0, .unit = "bytes"}};

/// Writable only while less than this waits to be sent: keeps the send buffer short. 0 for the system's default.
inline constexpr Option<Whole<std::uint32_t>> tcp_not_sent_low_water{
    IPPROTO_TCP, TCP_NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT", {.unit = "bytes"}};

/// Retransmits thin streams without backing off.
inline constexpr Option<Switch> tcp_thin_linear_timeouts{IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS,
                                                         "TCP_THIN_LINEAR_TIMEOUTS"};

/// Beside each message: how many bytes wait behind it.
inline constexpr Option<Switch> tcp_receive_waiting{IPPROTO_TCP, TCP_INQ, "TCP_INQ"};

/// Added to the way of each segment, for tests of applications.
inline constexpr Option<Time<std::chrono::microseconds>> tcp_transmit_delay{IPPROTO_TCP, TCP_TX_DELAY, "TCP_TX_DELAY"};

// ---- What is known. ----------------------------------------------------------------------------------------------------

inline constexpr Option<Answer<TcpInfo, detail::read_tcp_info, 512>, Access::read> tcp_info{IPPROTO_TCP, TCP_INFO,
                                                                                            "TCP_INFO"};

/// Whether a socket of IPPROTO_MPTCP has fallen back to plain TCP shows here, in kernels that have it.
inline constexpr Option<Switch, Access::read> tcp_is_mptcp{IPPROTO_TCP, 43, "TCP_IS_MPTCP"};

}  // namespace bight::options
