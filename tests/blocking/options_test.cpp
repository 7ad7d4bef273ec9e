// SPDX-License-Identifier: BSL-1.0
#include <bight/options.h>
#include <bight/select.h>

#include "support/descriptors.h"
#include "support/faults.h"
#include "sys/calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>

#include <linux/filter.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::oracle;

// ---- Beside CPython, on the same descriptor. ---------------------------------------------------------------------------

std::string item(const Socket& s, const options::Name& name, const std::string& more = {}) {
    return std::to_string(s.fileno()) + ':' + std::to_string(name.level) + ':' + std::to_string(name.number) +
           (more.empty() ? "" : ':' + more);
}

/// Sets options by us, to read all of them by CPython at once; and the other way.
class Beside {
public:
    explicit Beside(const Socket& socket) : socket_(socket) {
        Socket shared = socket.dup();
        shared.set_inheritable(true);
        shared_.push_back(std::move(shared));
    }

    template <class Option, class Value>
    void set(const Option& option, const Value& value, const std::string& python, int size = 0) {
        socket_.dup().set(option, value);
        EXPECT_EQ(socket_.get(option), typename Option::Value(value)) << option.name().text;
        ask_.push_back(item(shared_.front(), option.name(), size ? std::to_string(size) : ""));
        expected_.push_back(python);
        names_.push_back(option.name().text);
    }

    template <class Option>
    void set(const Option& option, int value) {
        set(option, value, std::to_string(value));
    }
    template <class Option>
    void set(const Option& option, bool value) {
        set(option, value, value ? "1" : "0");
    }
    template <class Rep, class Period, class Option>
    void set(const Option& option, std::chrono::duration<Rep, Period> value) {
        set(option, value, std::to_string(typename Option::Value(value).count()));
    }

    ~Beside() {
        std::vector<std::string> arguments{"get"};
        arguments.insert(arguments.end(), ask_.begin(), ask_.end());
        auto answers = oracle("tests/blocking/options_oracle.py", arguments);
        EXPECT_EQ(answers.size(), expected_.size());
        for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], expected_[i]) << names_[i];
    }

private:
    const Socket& socket_;
    std::vector<Socket> shared_;
    std::vector<std::string> ask_, expected_, names_;
};

TEST(TypedOptions, what_we_set_on_any_socket_cpython_reads) {
    Socket s;
    Beside beside(s);
    beside.set(options::reuse_address, true);
    beside.set(options::reuse_port, true);
    beside.set(options::broadcast, true);
    beside.set(options::dont_route, true);
    beside.set(options::keep_alive, true);
    beside.set(options::oob_inline, true);
    beside.set(options::timestamp_ns, true);
    beside.set(options::receive_overflow, true);
    beside.set(options::select_error_queue, true);
    beside.set(options::no_check, true);
    beside.set(options::priority, 5);
    beside.set(options::receive_low_water, 7);
    beside.set(options::peek_offset, 3);
    beside.set(options::buffer_lock, 3);
    beside.set(options::zero_copy, true);
    beside.set(options::linger, options::Linger{true, 7s}, "0100000007000000", 8);
    beside.set(options::receive_timeout, 1500ms, "010000000000000020a1070000000000", 16);
    beside.set(options::send_timeout, 2s, "02000000000000000000000000000000", 16);
    beside.set(options::max_pacing_rate, std::uint64_t{1} << 33, "0000000002000000", 8);
    beside.set(options::timestamping, options::Timestamping::software | options::Timestamping::rx_software, "24");
}

TEST(TypedOptions, what_we_set_for_ipv4_and_tcp_cpython_reads) {
    Socket s;
    Beside beside(s);
    beside.set(options::ip_ttl, 77);
    beside.set(options::ip_tos, 0x28);
    beside.set(options::ip_free_bind, true);
    beside.set(options::ip_bind_address_no_port, true);
    beside.set(options::ip_min_ttl, 255);
    beside.set(options::ip_mtu_discover, options::MtuDiscover::probe, "3");
    beside.set(options::ip_unicast_interface, 1, "16777216");
    beside.set(options::ip_multicast_all, false);
    beside.set(options::ip_receive_tos, true);
    beside.set(options::tcp_no_delay, true);
    beside.set(options::tcp_cork, true);
    beside.set(options::tcp_keep_idle, 31s);
    beside.set(options::tcp_keep_interval, 2min);
    beside.set(options::tcp_keep_count, 4);
    beside.set(options::tcp_user_timeout, 1234ms);
    beside.set(options::tcp_syn_count, 3);
    beside.set(options::tcp_linger2, 12s);
    beside.set(options::tcp_not_sent_low_water, 16384);
    beside.set(options::tcp_window_clamp, 65536);
    beside.set(options::tcp_fast_open_connect, true);
    beside.set(options::tcp_save_syn, 1);
    beside.set(options::tcp_thin_linear_timeouts, true);
    beside.set(options::tcp_receive_waiting, true);
    beside.set(options::tcp_congestion, std::string("reno"), "72656e6f000000000000000000000000", 16);
    beside.set(options::tcp_max_segment, 1000);
}

TEST(TypedOptions, what_we_set_for_ipv6_and_udp_cpython_reads) {
    Socket s(Family::inet6, Kind::datagram);
    Beside beside(s);
    beside.set(options::ipv6_only, true);
    beside.set(options::ipv6_unicast_hops, 12);
    beside.set(options::ipv6_traffic_class, 0x2e);
    beside.set(options::ipv6_free_bind, true);
    beside.set(options::ipv6_min_hop_count, 3);
    beside.set(options::ipv6_mtu_discover, options::MtuDiscover::dont, "0");
    beside.set(options::ipv6_dont_fragment, true);
    beside.set(options::ipv6_auto_flow_label, false);
    beside.set(options::ipv6_unicast_interface, 1, "16777216");
    beside.set(options::ipv6_multicast_hops, 4);
    beside.set(options::ipv6_multicast_loop, false);
    beside.set(options::ipv6_multicast_all, false);
    beside.set(options::ipv6_multicast_interface, 1);
    beside.set(options::ipv6_receive_packet_info, true);
    beside.set(options::ipv6_receive_hop_limit, true);
    beside.set(options::ipv6_receive_traffic_class, true);
    beside.set(options::ipv6_receive_original_destination, true);
    beside.set(options::ipv6_receive_fragment_size, true);
    beside.set(options::ipv6_receive_path_mtu, true);
    beside.set(options::ipv6_receive_routing_header, true);
    beside.set(options::ipv6_receive_errors, true);
    beside.set(options::ipv6_receive_errors_rfc4884, true);
    beside.set(options::udp_cork, true);
    beside.set(options::udp_segment, 1200);
    beside.set(options::udp_gro, true);
    beside.set(options::udp_no_check6_tx, true);
    beside.set(options::udp_no_check6_rx, true);
}

TEST(TypedOptions, what_we_set_for_udp_over_ipv4_cpython_reads) {
    Socket s(Family::inet, Kind::datagram);
    Beside beside(s);
    beside.set(options::ip_multicast_ttl, 9);
    beside.set(options::ip_multicast_loop, false);
    beside.set(options::ip_multicast_interface, Address::ip("127.0.0.1", 0), "7f000001", 4);
    beside.set(options::ip_packet_info, true);
    beside.set(options::ip_receive_ttl, true);
    beside.set(options::ip_receive_options, true);
    beside.set(options::ip_receive_original_destination, true);
    beside.set(options::ip_receive_fragment_size, true);
    beside.set(options::ip_checksum, true);
    beside.set(options::ip_receive_errors, true);
    beside.set(options::ip_receive_errors_rfc4884, true);
    beside.set(options::ip_pass_security, true);
    beside.set(options::timestamp, true);
}

TEST(TypedOptions, what_cpython_sets_we_read) {
    Socket s;
    s.set_inheritable(true);
    oracle("tests/blocking/options_oracle.py",
           {"set", item(s, options::reuse_address.name(), "1"), item(s, options::tcp_keep_idle.name(), "99"),
            item(s, options::linger.name(), "x0100000009000000"), item(s, options::ip_ttl.name(), "3"),
            item(s, options::receive_timeout.name(), "x030000000000000020a1070000000000"),
            item(s, options::tcp_congestion.name(), "x72656e6f"), item(s, options::receive_buffer.name(), "70000"),
            item(s, options::max_pacing_rate.name(), "1000000")});
    EXPECT_TRUE(s.get(options::reuse_address));
    EXPECT_EQ(s.get(options::tcp_keep_idle), 99s);
    EXPECT_EQ(s.get(options::linger), (options::Linger{true, 9s}));
    EXPECT_EQ(s.get(options::ip_ttl), 3);
    EXPECT_EQ(s.get(options::receive_timeout), 3500ms);
    EXPECT_EQ(s.get(options::tcp_congestion), "reno");
    EXPECT_EQ(s.get(options::receive_buffer), 140'000);
    EXPECT_EQ(s.get(options::max_pacing_rate), 1'000'000u);
}

// ---- Limits, truths and refusals. --------------------------------------------------------------------------------------

TEST(TypedOptions, the_kernel_doubles_buffers_and_says_so) {
    Socket s;
    s.set(options::send_buffer, 65536);
    s.set(options::receive_buffer, 65536);
    EXPECT_EQ(s.get(options::send_buffer), 131072);
    EXPECT_EQ(s.get(options::receive_buffer), 131072);
    EXPECT_EQ(s.get(options::memory_info).receive_buffer, 131072u);
    EXPECT_EQ(s.getsockopt(SOL_SOCKET, SO_RCVBUF), 131072);
}

TEST(TypedOptions, values_out_of_range_are_refused_and_nothing_changes) {
    Socket s;
    s.set(options::ip_ttl, 33);
    for (long long wrong : {0LL, 256LL, -2LL, 1LL << 32, (1LL << 32) + 33})
        EXPECT_THROW(s.set(options::ip_ttl, wrong), OverflowError) << wrong;
    EXPECT_EQ(s.get(options::ip_ttl), 33);
    s.set(options::ip_ttl, -1);
    EXPECT_EQ(s.get(options::ip_ttl), 64);  // the system's default
    EXPECT_THROW(s.set(options::tcp_keep_idle, 0s), OverflowError);
    EXPECT_THROW(s.set(options::tcp_keep_idle, 32768s), OverflowError);
    EXPECT_THROW(s.set(options::tcp_user_timeout, std::chrono::hours(24 * 365)), OverflowError);
    EXPECT_THROW(s.set(options::receive_buffer, -1), OverflowError);
    EXPECT_THROW(s.set(options::receive_buffer, std::size_t{1} << 31), OverflowError);
    EXPECT_THROW(s.set(options::mark, -1), OverflowError);
    EXPECT_THROW(s.set(options::max_pacing_rate, -1), OverflowError);
    EXPECT_THROW(s.set(options::linger, {.on = true, .time = -1s}), OverflowError);
    EXPECT_THROW(s.set(options::receive_timeout, -1us), OverflowError);
    EXPECT_THROW(s.set(options::ip_local_port_range, {.low = 9, .high = 8}), OverflowError);
    EXPECT_THROW(s.set(options::ip_multicast_interface, Address::ip("::1", 0)), ValueError);
    EXPECT_THROW(s.set(options::tcp_congestion, "sixteen letters."), ValueError);
    EXPECT_THROW(s.set(options::tcp_congestion, std::string("re\0no", 5)), ValueError);
    EXPECT_THROW(s.set(options::attach_filter, options::BpfProgram()), OverflowError);
    try {
        s.set(options::tcp_keep_count, 128);
        FAIL();
    } catch (const OverflowError& error) {
        EXPECT_STREQ(error.what(), "TCP_KEEPCNT must be 1 to 127");
    }
}

TEST(TypedOptions, constants_are_settings) {
    constexpr auto hops = options::ip_ttl(12);
    constexpr auto idle = options::tcp_keep_idle(1min);
    static_assert(hops.wire == 12 && idle.wire == 60);
    Socket s;
    s.set(hops);
    s.set(idle);
    s.set(options::tcp_no_delay(true));
    s.set(options::tcp_congestion("reno"));
    s.set(options::linger({.on = true, .time = 3s}));
    EXPECT_EQ(s.get(options::ip_ttl), 12);
    EXPECT_EQ(s.get(options::tcp_keep_idle), 60s);
    EXPECT_TRUE(s.get(options::tcp_no_delay));
    EXPECT_EQ(s.get(options::tcp_congestion), "reno");
    EXPECT_EQ(s.get(options::linger), (options::Linger{true, 3s}));
}

template <class Function>
std::string error_of(Function function) {
    try {
        function();
    } catch (const OSError& error) {
        return error.what();
    }
    return "none";
}

TEST(TypedOptions, refusals_name_the_option) {
    Socket s;
    EXPECT_EQ(error_of([&] { s.set(options::tcp_congestion, "nosuch"); }),
              "set TCP_CONGESTION: no such file or directory");
    EXPECT_EQ(error_of([&] { s.get(options::ip_mtu); }), "get IP_MTU: transport endpoint is not connected");
    s.close();
    EXPECT_THROW(s.set(options::tcp_no_delay, true), ClosedError);
    EXPECT_THROW(s.get(options::tcp_no_delay), ClosedError);
    EXPECT_THROW(s.get(options::tcp_info), ClosedError);
    EXPECT_THROW(dump_options(s), ClosedError);
}

TEST(TypedOptions, a_defect_of_the_kernel_is_told) {
    Socket s;
    testing::Faults faults([](sys::Call call) -> sys::Fault {
        return {call == sys::Call::getsockopt || call == sys::Call::setsockopt ? ENOMEM : 0};
    });
    EXPECT_EQ(error_of([&] { s.get(options::tcp_no_delay); }), "get TCP_NODELAY: cannot allocate memory");
    EXPECT_EQ(error_of([&] { s.get(options::tcp_info); }), "get TCP_INFO: cannot allocate memory");
    EXPECT_EQ(error_of([&] { s.set(options::tcp_no_delay, true); }), "set TCP_NODELAY: cannot allocate memory");
    EXPECT_TRUE(dump_options(s).empty());
}

TEST(TypedOptions, an_answer_that_does_not_fit_is_asked_for_with_more_room) {
    auto [near, far] = socket::socketpair();
    std::vector<bool> asked;
    testing::Faults faults([&](sys::Call call) -> sys::Fault {
        if (call != sys::Call::getsockopt) return {};
        asked.push_back(true);
        return {asked.size() < 4 ? ERANGE : 0};
    });
    EXPECT_NO_THROW(near.get(options::peer_groups));
    EXPECT_EQ(asked.size(), 4u);
    testing::Faults never(testing::fail(sys::Call::getsockopt, ERANGE, -1));
    EXPECT_THROW(near.get(options::peer_groups), OSError);  // and does not ask for ever
}

TEST(TypedOptions, what_a_socket_is_can_be_read) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    EXPECT_EQ(listener.get(options::domain), Family::inet);
    EXPECT_EQ(listener.get(options::type), Kind::stream);
    EXPECT_EQ(listener.get(options::protocol), IPPROTO_TCP);
    EXPECT_TRUE(listener.get(options::accept_connections));
    EXPECT_FALSE(Socket().get(options::accept_connections));
    EXPECT_NE(Socket().get(options::cookie), listener.get(options::cookie));
    EXPECT_EQ(listener.get(options::cookie), listener.get(options::cookie));
}

/// One that has sent to a port where nobody listens, and has the answer.
Socket refused_socket() {
    int port = 0;
    {
        Socket other(Family::inet, Kind::datagram);
        other.bind({"127.0.0.1", 0});
        port = other.getsockname().port();
    }
    Socket s(Family::inet, Kind::datagram);
    s.connect({"127.0.0.1", port});
    s.send("nobody there");
    EXPECT_EQ(select::select({s}, {}, {}, 5s).readable.size(), 1u);  // the error waits
    return s;
}

TEST(TypedOptions, the_pending_error_is_read_once) {
    Socket s = refused_socket();
    EXPECT_EQ(s.get(options::error).number(), ECONNREFUSED);
    EXPECT_EQ(s.get(options::error).number(), 0);
}

TEST(TypedOptions, the_kernels_own_limit_ends_a_call_that_blocks) {
    auto [near, far] = socket::socketpair();
    near.set(options::receive_timeout, 20ms);
    auto before = std::chrono::steady_clock::now();
    EXPECT_THROW(near.recv(1), BlockingIOError);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 15ms);
}

TEST(TypedOptions, a_privileged_option_is_set_or_refused_by_name) {
    Socket s;
    if (::geteuid() != 0) {
        EXPECT_EQ(error_of([&] { s.set(options::mark, 77); }), "set SO_MARK: operation not permitted");
        GTEST_SKIP() << "the rest is for root";
    }
    s.set(options::mark, 0xfedcba98);
    EXPECT_EQ(s.get(options::mark), 0xfedcba98);
    s.set(options::ip_transparent, true);
    EXPECT_TRUE(s.get(options::ip_transparent));
    s.set(options::receive_buffer_force, 50'000'000);
    EXPECT_EQ(s.get(options::receive_buffer), 100'000'000);
    s.set(options::bind_to_device, "lo");
    EXPECT_EQ(s.get(options::bind_to_device), "lo");
    EXPECT_EQ(s.get(options::bind_to_interface), 1);
    s.set(options::bind_to_device, "");
    EXPECT_EQ(s.get(options::bind_to_device), "");
    EXPECT_THROW(s.set(options::bind_to_device, "nosuch0"), OSError);
}

TEST(TypedOptions, a_filter_chooses_among_the_sockets_of_a_port) {
    // ld #1; ret a: always the second one.
    constexpr std::array<options::BpfInstruction, 2> second{{{BPF_LD | BPF_IMM, 0, 0, 1}, {BPF_RET | BPF_A, 0, 0, 0}}};
    std::vector<Socket> group;
    int port = 0;
    for (int i = 0; i < 3; ++i) {
        Socket member(Family::inet, Kind::datagram);
        member.set(options::reuse_port, true);
        member.bind({"127.0.0.1", port});
        member.settimeout(5s);
        port = member.getsockname().port();
        group.push_back(std::move(member));
    }
    group.front().set(options::attach_reuse_port_filter, options::BpfProgram(second));
    for (int i = 0; i < 20; ++i) {
        Socket client(Family::inet, Kind::datagram);
        client.sendto("x", Address::ip("127.0.0.1", port));
        EXPECT_EQ(group[1].recv(10), "x");
    }
    // ret #0: nothing gets in.
    constexpr std::array<options::BpfInstruction, 1> nothing{{{BPF_RET | BPF_K, 0, 0, 0}}};
    group[1].set(options::attach_filter, options::BpfProgram(nothing));
    group[1].setblocking(false);
    Socket(Family::inet, Kind::datagram).sendto("x", Address::ip("127.0.0.1", port));
    EXPECT_THROW(group[1].recv(10), BlockingIOError);
}

TEST(TypedOptions, defer_accept_is_rounded_by_the_kernel) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    listener.set(options::tcp_defer_accept, 5s);
    EXPECT_GE(listener.get(options::tcp_defer_accept), 5s);
    listener.set(options::tcp_fast_open, 16);
    EXPECT_EQ(listener.get(options::tcp_fast_open), 16);
}

// ---- The peer. ---------------------------------------------------------------------------------------------------------

TEST(TypedOptions, the_peer_of_a_unix_socket_is_known) {
    auto before = testing::open_descriptors();
    {
        auto [near, far] = socket::socketpair();
        auto peer = near.get(options::peer_credentials);
        EXPECT_EQ(peer, (Credentials{::getpid(), ::geteuid(), ::getegid()}));
        std::vector<gid_t> groups(65536);
        groups.resize(static_cast<std::size_t>(::getgroups(65536, groups.data())));
        EXPECT_TRUE(std::ranges::equal(near.get(options::peer_groups), groups));
        FileDescriptor process;
        try {
            process = near.get(options::peer_pidfd);
        } catch (const OSError& error) {
            GTEST_SKIP() << error.what() << ": older than Linux 6.5";
        }
        std::ifstream info("/proc/self/fdinfo/" + std::to_string(process.fileno()));
        std::string line, pid;
        while (std::getline(info, line))
            if (line.starts_with("Pid:")) pid = line.substr(5);
        EXPECT_EQ(pid, std::to_string(::getpid()));
        EXPECT_FALSE(sys::is_inheritable(process.fileno()).value());
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(TypedOptions, the_security_label_is_a_text_or_not_there) {
    auto [near, far] = socket::socketpair();
    try {
        EXPECT_FALSE(near.get(options::peer_security).ends_with('\0'));
    } catch (const OSError& error) {
        EXPECT_EQ(error.errnum(), ENOPROTOOPT);
        GTEST_SKIP() << error.what() << ": no security module that labels sockets";
    }
}

// ---- Dumps. ------------------------------------------------------------------------------------------------------------

std::map<std::string, std::string> dump(const Socket& socket) {
    std::map<std::string, std::string> values;
    for (auto& [name, value] : dump_options(socket))
        EXPECT_TRUE(values.emplace(name, value).second) << name << " is there twice";
    return values;
}

TEST(TypedOptions, a_dump_tells_what_is_set) {
    Socket s;
    s.set(options::reuse_address, true);
    s.set(options::tcp_keep_idle, 31s);
    s.set(options::receive_buffer, 65536);
    s.set(options::linger, {.on = true, .time = 5s});
    auto values = dump(s);
    EXPECT_EQ(values["SO_DOMAIN"], "AF_INET");
    EXPECT_EQ(values["SO_REUSEADDR"], "on");
    EXPECT_EQ(values["SO_REUSEPORT"], "off");
    EXPECT_EQ(values["TCP_KEEPIDLE"], "31 s");
    EXPECT_EQ(values["SO_RCVBUF"], "131072 bytes");
    EXPECT_EQ(values["SO_LINGER"], "5 s");
    EXPECT_EQ(values["SO_RCVTIMEO"], "0 us");
    EXPECT_EQ(values["IP_MTU_DISCOVER"], "want");
    EXPECT_TRUE(values["TCP_INFO"].starts_with("CLOSE "));
    EXPECT_FALSE(values.contains("UDP_SEGMENT"));
    EXPECT_FALSE(values.contains("IPV6_V6ONLY"));
    EXPECT_FALSE(values.contains("SO_PEERCRED"));
    EXPECT_FALSE(values.contains("SO_ERROR"));
}

TEST(TypedOptions, a_dump_has_what_applies_to_the_socket) {
    auto before = testing::open_descriptors();
    {
        auto unix_values = dump(socket::socketpair().first);
        EXPECT_EQ(unix_values["SO_PEERCRED"], "pid " + std::to_string(::getpid()) + ", uid " +
                                                  std::to_string(::geteuid()) + ", gid " + std::to_string(::getegid()));
        EXPECT_FALSE(unix_values.contains("IP_TTL"));
        auto udp6 = dump(Socket(Family::inet6, Kind::datagram));
        EXPECT_TRUE(udp6.contains("IPV6_V6ONLY") && udp6.contains("UDP_GRO") && udp6.contains("SO_RCVBUF"));
        EXPECT_FALSE(udp6.contains("TCP_NODELAY"));
        auto netlink = dump(Socket(Family::netlink, Kind::raw));
        EXPECT_EQ(netlink["NETLINK_EXT_ACK"], "off");
        EXPECT_FALSE(netlink.contains("SO_VM_SOCKETS_BUFFER_SIZE"));
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(TypedOptions, a_dump_leaves_the_pending_error_to_be_found) {
    Socket s = refused_socket();
    (void)dump_options(s);
    EXPECT_EQ(s.get(options::error).number(), ECONNREFUSED);
}

// ---- TCP_INFO. ---------------------------------------------------------------------------------------------------------

TEST(TcpInfo, tells_of_a_connection_what_cpython_reads) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    EXPECT_EQ(listener.get(options::tcp_info).state, TcpState::listening);
    auto client = socket::create_connection({"127.0.0.1", listener.getsockname().port()});
    auto server = listener.accept().socket;
    client.sendall(std::string(100'000, 'x'));
    std::size_t left = 100'000;
    while (left > 0) left -= server.recv(left).size();
    auto info = client.get(options::tcp_info);
    EXPECT_EQ(info.state, TcpState::established);
    EXPECT_GT(info.rtt, 0us);
    EXPECT_LT(info.rtt, 5s);
    EXPECT_GE(info.congestion_window, 1u);
    EXPECT_EQ(info.bytes_sent.value() - info.bytes_retransmitted.value(), 100'000u);
    EXPECT_LE(*info.bytes_acked, 100'001u);  // the SYN counts
    EXPECT_EQ(server.get(options::tcp_info).bytes_received, 100'000u);
    EXPECT_TRUE(info.to_string().starts_with("ESTABLISHED rtt ")) << info;

    // The same bytes, at the same time: a connection at rest.
    client.shutdown(SHUT_WR);
    EXPECT_FALSE(server.recv(1));
    server.set_inheritable(true);
    auto hex = oracle("tests/blocking/options_oracle.py", {"get", item(server, options::tcp_info.name(), "300"),
                                                           item(server, options::tcp_info.name(), "104")});
    auto ours = server.get(options::tcp_info);
    auto theirs = TcpInfo::of(testing::unhex(hex.at(0)));
    EXPECT_EQ(theirs.state, TcpState::close_wait);
    EXPECT_EQ(theirs.state, ours.state);
    EXPECT_EQ(theirs.rtt, ours.rtt);
    EXPECT_EQ(theirs.bytes_received, ours.bytes_received);
    EXPECT_EQ(theirs.segments_in, ours.segments_in);
    EXPECT_EQ(theirs.receive_mss, ours.receive_mss);
    auto old = TcpInfo::of(testing::unhex(hex.at(1)));
    EXPECT_EQ(old.receive_space, ours.receive_space);
    EXPECT_FALSE(old.pacing_rate);
}

}  // namespace
}  // namespace bight
