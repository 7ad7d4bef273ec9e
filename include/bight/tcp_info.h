// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace bight {

/// The states of a connection: RFC 9293, 3.3.2.
enum class TcpState : std::uint8_t {
    established = 1,
    syn_sent,
    syn_received,
    fin_wait_1,
    fin_wait_2,
    time_wait,
    closed,
    close_wait,
    last_ack,
    listening,
    closing,
    new_syn_received,
};

/// What the sender makes of losses: open is the ordinary state.
enum class TcpCongestionState : std::uint8_t { open, disorder, reduced_window, recovery, loss };

/// Words of the platform: "ESTABLISHED", "CLOSE_WAIT"; "Open", "Recovery"; a number where there is none.
std::string to_string(TcpState state);
std::string to_string(TcpCongestionState state);

/// What the kernel knows of a TCP connection: TCP_INFO of tcp(7), from `s.get(options::tcp_info)`.
///
/// Counts are of segments where they do not say bytes; windows and thresholds of congestion are in segments as well.
/// What kernels have learnt to tell since Linux 3.15 is unset where this one does not tell it.
struct TcpInfo {
    using Microseconds = std::chrono::microseconds;
    using Milliseconds = std::chrono::milliseconds;

    TcpState state{};
    TcpCongestionState congestion_state{};
    int retransmits = 0;  // in a row, of the segment that waits for its acknowledgement
    int probes = 0;       // unanswered, of a closed window or of keep-alive
    int backoff = 0;

    // What both ends agreed on.
    bool timestamps = false, selective_acks = false, window_scaling = false, ecn = false, ecn_seen = false;
    bool fast_open_data = false;  // the SYN's data was acknowledged
    int send_window_scale = 0, receive_window_scale = 0;
    bool delivery_rate_limited_by_application = false;
    int fast_open_failure = 0;  // TFO_COOKIE_UNAVAILABLE, TFO_DATA_NOT_ACKED, TFO_SYN_RETRANSMITTED of <linux/tcp.h>

    Microseconds retransmission_timeout{}, delayed_ack_timeout{};
    std::uint32_t send_mss = 0, receive_mss = 0;  // bytes
    std::uint32_t unacked = 0;                    // of a listener: the connections that wait to be accepted
    std::uint32_t sacked = 0;                     // of a listener: how many may wait
    std::uint32_t lost = 0, retransmitted = 0, forward_acks = 0;

    Milliseconds last_data_sent{}, last_data_received{}, last_ack_received{};  // how long ago

    std::uint32_t path_mtu = 0;  // bytes
    std::uint32_t receive_slow_start_threshold = 0;
    Microseconds rtt{}, rttvar{};
    std::uint32_t send_slow_start_threshold = 0;
    std::uint32_t congestion_window = 0;
    std::uint32_t advertised_mss = 0;  // bytes
    std::uint32_t reordering = 0;
    Microseconds receive_rtt{};
    std::uint32_t receive_space = 0;  // bytes
    std::uint32_t total_retransmissions = 0;

    // Linux 3.15 and later, in the order of their coming. Rates are bytes in a second.
    std::optional<std::uint64_t> pacing_rate{}, max_pacing_rate{};  // the largest number: without a limit
    std::optional<std::uint64_t> bytes_acked{}, bytes_received{};
    std::optional<std::uint32_t> segments_out{}, segments_in{};
    std::optional<std::uint32_t> not_sent_bytes{};
    std::optional<Microseconds> min_rtt{};
    std::optional<std::uint32_t> data_segments_in{}, data_segments_out{};
    std::optional<std::uint64_t> delivery_rate{};
    std::optional<Microseconds> busy_time{}, limited_by_receiver{}, limited_by_send_buffer{};
    std::optional<std::uint32_t> delivered{}, delivered_with_congestion{};
    std::optional<std::uint64_t> bytes_sent{}, bytes_retransmitted{};
    std::optional<std::uint32_t> duplicate_sacks{}, reorderings_seen{}, out_of_order{};
    std::optional<std::uint32_t> send_window{}, receive_window{};  // bytes
    std::optional<std::uint32_t> rehashes{};
    std::optional<std::uint16_t> total_timeouts{}, timeout_recoveries{};
    std::optional<Milliseconds> total_timeout_time{};

    /// Of the bytes that getsockopt(2) gave, however many those are.
    static TcpInfo of(Bytes bytes) noexcept;

    /// Some of it on a line, for people: "ESTABLISHED rtt 12345us rttvar 678us cwnd 10 ...".
    std::string to_string() const;
};

std::ostream& operator<<(std::ostream& out, TcpState state);
std::ostream& operator<<(std::ostream& out, const TcpInfo& info);

}  // namespace bight
