// SPDX-License-Identifier: BSL-1.0
#include <bight/options.h>

#include "blocking/socket_state.h"

#include <array>
#include <concepts>
#include <optional>
#include <string>

namespace bight {
namespace {

// ---- Values as text. ---------------------------------------------------------------------------------------------------

std::string text_of(bool on) { return on ? "on" : "off"; }
std::string text_of(std::chrono::seconds time) { return std::to_string(time.count()) + " s"; }
std::string text_of(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }
std::string text_of(std::chrono::microseconds time) { return std::to_string(time.count()) + " us"; }
std::string text_of(const std::string& text) { return text.empty() ? "none" : text; }
std::string text_of(Family family) { return family.to_string(); }
std::string text_of(Kind kind) { return kind.to_string(); }
std::string text_of(const TcpInfo& info) { return info.to_string(); }
std::string text_of(const options::Linger& linger) { return linger.on ? text_of(linger.time) : "off"; }
std::string text_of(const Address& host) { return host.host(); }

std::string text_of(options::MtuDiscover way) {
    constexpr std::array words{"dont", "want", "do", "probe", "interface", "omit"};
    auto number = static_cast<std::size_t>(way);
    return number < words.size() ? words[number] : std::to_string(static_cast<int>(way));
}

std::string text_of(options::Timestamping flags) { return std::to_string(static_cast<int>(flags)); }

std::string text_of(const options::TransmitTime& time) {
    return "clock " + std::to_string(time.clock) + (time.deadline_mode ? ", deadlines" : "") +
           (time.report_errors ? ", errors reported" : "");
}

std::string text_of(const options::PortRange& range) {
    return std::to_string(range.low) + "-" + std::to_string(range.high);
}

std::string text_of(const options::MemoryInfo& memory) {
    return "receiving " + std::to_string(memory.receive_allocated) + " of " + std::to_string(memory.receive_buffer) +
           ", sending " + std::to_string(memory.send_queued) + " of " + std::to_string(memory.send_buffer) +
           " bytes; " + std::to_string(memory.drops) + " dropped";
}

std::string text_of(const Credentials& peer) {
    return "pid " + std::to_string(peer.pid) + ", uid " + std::to_string(peer.uid) + ", gid " +
           std::to_string(peer.gid);
}

std::string text_of(const std::vector<std::uint32_t>& numbers) {
    std::string text;
    for (auto number : numbers) text += (text.empty() ? "" : " ") + std::to_string(number);
    return text.empty() ? "none" : text;
}

template <class Form, class Value>
std::string text_of(const Form& form, const Value& value) {
    if constexpr (options::detail::Integer<Value>) {
        std::string unit = form.unit;
        return std::to_string(value) + (unit.empty() ? "" : ' ' + unit);
    } else {
        return text_of(value);
    }
}

// ---- Which options. ----------------------------------------------------------------------------------------------------

class Dump {
public:
    explicit Dump(const Socket& socket) noexcept : socket_(socket) {}

    template <class... Options>
    void add(const Options&... all) {
        (add_one(all), ...);
    }

    std::vector<OptionValue> values;

private:
    template <class Option>
    void add_one(const Option& option) {
        auto answer = option.try_get_from(socket_);
        if (answer.refused == 0) values.push_back({option.name().text, text_of(option.form(), answer.value())});
    }

    const Socket& socket_;
};

void dump_generic(Dump& dump) {
    using namespace options;
    dump.add(domain, type, protocol, accept_connections, cookie, network_namespace_cookie, reuse_address, reuse_port,
             bind_to_device, bind_to_interface, broadcast, dont_route);
    dump.add(send_buffer, receive_buffer, buffer_lock, reserve_memory, receive_low_water, send_low_water, memory_info);
    dump.add(linger, receive_timeout, send_timeout, keep_alive, timestamp, timestamp_ns, timestamping, transmit_time);
    dump.add(oob_inline, priority, mark, receive_mark, receive_overflow, peek_offset, zero_copy, max_pacing_rate,
             no_check, select_error_queue, transmit_rehash, busy_poll, prefer_busy_poll, incoming_cpu, incoming_napi_id,
             lock_filter, debug);
}

void dump_unix(Dump& dump) {
    using namespace options;
    dump.add(peer_credentials, peer_groups, peer_security, pass_credentials, pass_security, pass_pidfd, pass_rights);
}

void dump_ipv4(Dump& dump) {
    using namespace options;
    dump.add(ip_ttl, ip_tos, ip_free_bind, ip_transparent, ip_bind_address_no_port, ip_local_port_range,
             ip_unicast_interface, ip_min_ttl, ip_mtu_discover, ip_mtu, ip_header_included, ip_no_defragment,
             ip_router_alert);
    dump.add(ip_multicast_ttl, ip_multicast_loop, ip_multicast_all, ip_multicast_interface);
    dump.add(ip_packet_info, ip_receive_ttl, ip_receive_tos, ip_receive_options, ip_receive_original_destination,
             ip_receive_fragment_size, ip_checksum, ip_pass_security, ip_receive_errors, ip_receive_errors_rfc4884);
}

void dump_ipv6(Dump& dump) {
    using namespace options;
    dump.add(ipv6_only, ipv6_unicast_hops, ipv6_traffic_class, ipv6_free_bind, ipv6_transparent, ipv6_unicast_interface,
             ipv6_min_hop_count, ipv6_mtu_discover, ipv6_mtu, ipv6_dont_fragment, ipv6_auto_flow_label,
             ipv6_address_preferences, ipv6_checksum, ipv6_header_included);
    dump.add(ipv6_multicast_hops, ipv6_multicast_loop, ipv6_multicast_all, ipv6_multicast_interface);
    dump.add(ipv6_receive_packet_info, ipv6_receive_hop_limit, ipv6_receive_traffic_class,
             ipv6_receive_original_destination, ipv6_receive_fragment_size, ipv6_receive_path_mtu,
             ipv6_receive_hop_options, ipv6_receive_destination_options, ipv6_receive_routing_header,
             ipv6_receive_errors, ipv6_receive_errors_rfc4884);
}

void dump_tcp(Dump& dump) {
    using namespace options;
    dump.add(tcp_no_delay, tcp_cork, tcp_quick_ack, tcp_keep_idle, tcp_keep_interval, tcp_keep_count, tcp_user_timeout,
             tcp_syn_count, tcp_linger2, tcp_rto_max, tcp_rto_min, tcp_delayed_ack_max, tcp_defer_accept, tcp_fast_open,
             tcp_fast_open_connect, tcp_fast_open_no_cookie, tcp_save_syn);
    dump.add(tcp_congestion, tcp_upper_layer, tcp_max_segment, tcp_window_clamp, tcp_not_sent_low_water,
             tcp_thin_linear_timeouts, tcp_receive_waiting, tcp_transmit_delay, tcp_info, tcp_is_mptcp);
}

void dump_udp(Dump& dump) {
    using namespace options;
    dump.add(udp_cork, udp_segment, udp_gro, udp_encapsulation, udp_no_check6_tx, udp_no_check6_rx);
}

void dump_families(Dump& dump) {
    using namespace options;
    dump.add(netlink_packet_info, netlink_broadcast_error, netlink_no_enobufs, netlink_listen_all_namespaces,
             netlink_cap_ack, netlink_extended_ack, netlink_strict_check);
    dump.add(vsock_buffer_size, vsock_buffer_min_size, vsock_buffer_max_size, vsock_connect_timeout);
}

}  // namespace

std::vector<OptionValue> dump_options(const Socket& socket) {
    Dump dump(socket);
    Family family = socket.family();  // raises for a closed socket
    dump_generic(dump);
    if (family == Family::unix_domain) dump_unix(dump);
    if (family == Family::inet || family == Family::inet6) dump_ipv4(dump);
    if (family == Family::inet6) dump_ipv6(dump);
    if (family == Family::inet || family == Family::inet6) {
        dump_tcp(dump);
        dump_udp(dump);
    }
    if (family == Family::netlink || family == Family::vsock) dump_families(dump);
    return std::move(dump.values);
}

}  // namespace bight
