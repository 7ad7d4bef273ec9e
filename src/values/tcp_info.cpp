// SPDX-License-Identifier: BSL-1.0
#include <bight/tcp_info.h>

#include "values/tcp_info_layout.h"

#include <array>
#include <cstring>
#include <ostream>
#include <type_traits>

namespace bight {
namespace {

namespace layout = tcp_info_layout;

/// The kernel's bytes, by place.
class Record {
public:
    explicit Record(Bytes bytes) noexcept : bytes_(bytes) {}

    /// Zero where the bytes end before it.
    template <class T>
    T at(std::size_t offset) const noexcept {
        T value{};
        if (has(offset, sizeof value)) std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }

    void read(std::size_t offset, int& value) const noexcept { value = at<std::uint8_t>(offset); }
    void read(std::size_t offset, std::uint32_t& value) const noexcept { value = at<std::uint32_t>(offset); }

    template <class Period>
    void read(std::size_t offset, std::chrono::duration<std::int64_t, Period>& value) const noexcept {
        value = std::chrono::duration<std::int64_t, Period>(at<std::uint32_t>(offset));
    }

    /// Unset where the bytes end before it. `Wire` is what the kernel writes there.
    template <class Wire, class T>
    void read_if(std::size_t offset, std::optional<T>& value) const noexcept {
        if (has(offset, sizeof(Wire))) value = T(static_cast<std::int64_t>(at<Wire>(offset)));
    }
    template <class T>
        requires std::is_unsigned_v<T>
    void read_if(std::size_t offset, std::optional<T>& value) const noexcept {
        if (has(offset, sizeof(T))) value = at<T>(offset);
    }

private:
    bool has(std::size_t offset, std::size_t size) const noexcept { return offset + size <= bytes_.size(); }

    Bytes bytes_;
};

void read_oldest(const Record& fields, TcpInfo& info) noexcept {
    info.state = static_cast<TcpState>(fields.at<std::uint8_t>(layout::state));
    info.congestion_state = static_cast<TcpCongestionState>(fields.at<std::uint8_t>(layout::ca_state));
    fields.read(layout::retransmits, info.retransmits);
    fields.read(layout::probes, info.probes);
    fields.read(layout::backoff, info.backoff);
    unsigned agreed = fields.at<std::uint8_t>(layout::options);
    info.timestamps = (agreed & layout::timestamps) != 0;
    info.selective_acks = (agreed & layout::sack) != 0;
    info.window_scaling = (agreed & layout::wscale) != 0;
    info.ecn = (agreed & layout::ecn) != 0;
    info.ecn_seen = (agreed & layout::ecn_seen) != 0;
    info.fast_open_data = (agreed & layout::syn_data) != 0;
    unsigned scales = fields.at<std::uint8_t>(layout::window_scales);
    info.send_window_scale = static_cast<int>(scales & 15);
    info.receive_window_scale = static_cast<int>(scales >> 4);
    unsigned flags = fields.at<std::uint8_t>(layout::flags);
    info.delivery_rate_limited_by_application = (flags & 1) != 0;
    info.fast_open_failure = static_cast<int>(flags >> 1 & 3);
    fields.read(layout::rto, info.retransmission_timeout);
    fields.read(layout::ato, info.delayed_ack_timeout);
    fields.read(layout::snd_mss, info.send_mss);
    fields.read(layout::rcv_mss, info.receive_mss);
    fields.read(layout::unacked, info.unacked);
    fields.read(layout::sacked, info.sacked);
    fields.read(layout::lost, info.lost);
    fields.read(layout::retrans, info.retransmitted);
    fields.read(layout::fackets, info.forward_acks);
}

void read_times_and_metrics(const Record& fields, TcpInfo& info) noexcept {
    fields.read(layout::last_data_sent, info.last_data_sent);
    fields.read(layout::last_data_recv, info.last_data_received);
    fields.read(layout::last_ack_recv, info.last_ack_received);
    fields.read(layout::pmtu, info.path_mtu);
    fields.read(layout::rcv_ssthresh, info.receive_slow_start_threshold);
    fields.read(layout::rtt, info.rtt);
    fields.read(layout::rttvar, info.rttvar);
    fields.read(layout::snd_ssthresh, info.send_slow_start_threshold);
    fields.read(layout::snd_cwnd, info.congestion_window);
    fields.read(layout::advmss, info.advertised_mss);
    fields.read(layout::reordering, info.reordering);
    fields.read(layout::rcv_rtt, info.receive_rtt);
    fields.read(layout::rcv_space, info.receive_space);
    fields.read(layout::total_retrans, info.total_retransmissions);
}

void read_newer(const Record& fields, TcpInfo& info) noexcept {
    fields.read_if(layout::pacing_rate, info.pacing_rate);
    fields.read_if(layout::max_pacing_rate, info.max_pacing_rate);
    fields.read_if(layout::bytes_acked, info.bytes_acked);
    fields.read_if(layout::bytes_received, info.bytes_received);
    fields.read_if(layout::segs_out, info.segments_out);
    fields.read_if(layout::segs_in, info.segments_in);
    fields.read_if(layout::notsent_bytes, info.not_sent_bytes);
    fields.read_if<std::uint32_t>(layout::min_rtt, info.min_rtt);
    fields.read_if(layout::data_segs_in, info.data_segments_in);
    fields.read_if(layout::data_segs_out, info.data_segments_out);
    fields.read_if(layout::delivery_rate, info.delivery_rate);
    fields.read_if<std::uint64_t>(layout::busy_time, info.busy_time);
    fields.read_if<std::uint64_t>(layout::rwnd_limited, info.limited_by_receiver);
    fields.read_if<std::uint64_t>(layout::sndbuf_limited, info.limited_by_send_buffer);
    fields.read_if(layout::delivered, info.delivered);
    fields.read_if(layout::delivered_ce, info.delivered_with_congestion);
    fields.read_if(layout::bytes_sent, info.bytes_sent);
    fields.read_if(layout::bytes_retrans, info.bytes_retransmitted);
    fields.read_if(layout::dsack_dups, info.duplicate_sacks);
    fields.read_if(layout::reord_seen, info.reorderings_seen);
    fields.read_if(layout::rcv_ooopack, info.out_of_order);
    fields.read_if(layout::snd_wnd, info.send_window);
    fields.read_if(layout::rcv_wnd, info.receive_window);
    fields.read_if(layout::rehash, info.rehashes);
    fields.read_if(layout::total_rto, info.total_timeouts);
    fields.read_if(layout::total_rto_recoveries, info.timeout_recoveries);
    fields.read_if<std::uint32_t>(layout::total_rto_time, info.total_timeout_time);
}

}  // namespace

TcpInfo TcpInfo::of(Bytes bytes) noexcept {
    TcpInfo info;
    Record fields(bytes);
    read_oldest(fields, info);
    read_times_and_metrics(fields, info);
    read_newer(fields, info);
    return info;
}

std::string to_string(TcpState state) {
    constexpr std::array names{"ESTABLISHED", "SYN_SENT",   "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
                               "CLOSE",       "CLOSE_WAIT", "LAST_ACK", "LISTEN",    "CLOSING",   "NEW_SYN_RECV"};
    auto number = static_cast<std::size_t>(state);
    return number >= 1 && number <= names.size() ? names[number - 1] : std::to_string(number);
}

std::string to_string(TcpCongestionState state) {
    constexpr std::array names{"Open", "Disorder", "CWR", "Recovery", "Loss"};
    auto number = static_cast<std::size_t>(state);
    return number < names.size() ? names[number] : std::to_string(number);
}

std::string TcpInfo::to_string() const {
    std::string text = bight::to_string(state);
    auto add = [&](const char* name, auto value, const char* unit) {
        text += std::string(" ") + name + ' ' + std::to_string(value) + unit;
    };
    auto add_if = [&](const char* name, const auto& value, const char* unit) {
        if (value) add(name, *value, unit);
    };
    add("rtt", rtt.count(), "us");
    add("rttvar", rttvar.count(), "us");
    add("rto", retransmission_timeout.count(), "us");
    add("cwnd", congestion_window, "");
    add("mss", send_mss, "");
    add("unacked", unacked, "");
    add("lost", lost, "");
    add("retransmitted", total_retransmissions, "");
    text += " congestion " + bight::to_string(congestion_state);
    add_if("acked", bytes_acked, "B");
    add_if("received", bytes_received, "B");
    add_if("not sent", not_sent_bytes, "B");
    add_if("delivery rate", delivery_rate, "B/s");
    if (pacing_rate && *pacing_rate != UINT64_MAX) add("pacing rate", *pacing_rate, "B/s");
    return text;
}

std::ostream& operator<<(std::ostream& out, TcpState state) { return out << to_string(state); }
std::ostream& operator<<(std::ostream& out, const TcpInfo& info) { return out << info.to_string(); }

}  // namespace bight
