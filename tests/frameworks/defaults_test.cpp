// SPDX-License-Identifier: BSL-1.0
// docs/defaults.tsv says what CPython's defaults are and what ours are: both columns are held against the truth.

#include <bight/asyncio/server.h>
#include <bight/asyncio/transport.h>
#include <bight/file_transfer.h>
#include <bight/handover.h>
#include <bight/resolver_pool.h>
#include <bight/selectors.h>
#include <bight/socketserver.h>
#include <bight/socketserver/proxies.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <thread>

#include <sys/resource.h>

namespace bight {
namespace {

struct Row {
    std::string layer, name, cpython, ours;
};

std::vector<Row> table() {
    std::vector<Row> rows;
    std::ifstream file("docs/defaults.tsv");
    std::string line;
    std::getline(file, line);  // the headings
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        Row row;
        std::getline(fields, row.layer, '\t');
        std::getline(fields, row.name, '\t');
        std::getline(fields, row.cpython, '\t');
        std::getline(fields, row.ours, '\t');
        rows.push_back(row);
    }
    return rows;
}

std::string text(bool value) { return value ? "True" : "False"; }
std::string text(int value) { return std::to_string(value); }
std::string text(std::size_t value) { return std::to_string(value); }
std::string text(Timeout value) { return value ? std::to_string(value->count()) : "None"; }

struct Handler : socketserver::StreamRequestHandler {
    using StreamRequestHandler::disable_nagle_algorithm;
    using StreamRequestHandler::timeout;
    using StreamRequestHandler::wbufsize;
};

/// The kernel's limit for an accept queue, as ss(8) shows it: TCP_INFO of a listener has it in tcpi_sacked.
std::string backlog_of(const Socket& listener) {
    auto raw = listener.getsockopt(IPPROTO_TCP, TCP_INFO, sizeof(tcp_info));
    tcp_info info{};
    std::memcpy(&info, raw.data(), raw.size());
    std::uint32_t most = 0;
    std::ifstream("/proc/sys/net/core/somaxconn") >> most;
    return info.tcpi_sacked == most ? "net.core.somaxconn" : std::to_string(info.tcpi_sacked);
}

using Checks = std::map<std::string, std::function<std::string()>>;

/// What a pool, and a hand-over, have where nothing is said.
Checks ours_of_pools() {
    auto pool = [] { return socketserver::PoolTCPServer<Handler>({"127.0.0.1", 0}).pool_options(); };
    auto text_if = [](bool holds, const char* meaning) { return std::string(holds ? meaning : "?"); };
    return {
        {"stop(drain)", [=] { return text_if(socketserver::default_drain == std::chrono::seconds(30), "30s"); }},
        {"request threads",
         [=] {
             std::size_t wanted = std::min(4 * std::max(std::thread::hardware_concurrency(), 1u), 256u);
             return text_if(pool().threads == wanted, "4 x processors, at most 256");
         }},
        {"request queue", [=] { return text(pool().queue); }},
        {"full queue", [=] { return text_if(pool().when_full == socketserver::WhenFull::wait, "wait"); }},
        {"connections",
         [=] {
             rlimit limit{};
             ::getrlimit(RLIMIT_NOFILE, &limit);
             return text_if(pool().limits.max_connections == limit.rlim_cur / 5 * 4, "0.8 x descriptor limit");
         }},
        {"connections per peer",  // whom it does not hold for is in pool_test.cpp
         [=] {
             auto limits = pool().limits;
             return text_if(*limits.max_per_peer == *limits.max_connections / 8,
                            "1/8 of that; none for loopback and Unix");
         }},
        {"idle", [=] { return text_if(pool().limits.idle == std::chrono::seconds(120), "120s"); }},
        {"lifetime", [=] { return text(pool().limits.lifetime); }},
        {"trusted",
         [=] {
             socketserver::TrustedProxies proxies;
             return text_if(!socketserver::ServerOptions().proxies && !proxies.unix_peers && proxies.networks.empty(),
                            "nobody");
         }},
        {"header limit",
         [=] { return text_if(socketserver::TrustedProxies().header_limit == std::chrono::seconds(3), "3s"); }},
        {"longest header", [] { return text(socketserver::TrustedProxies().longest_header); }},
        {"first message",
         [=] {
             return text_if(pool().limits.first_message == std::chrono::seconds(30),
                            "30s, where a handler says what a message is");
         }},
        {"least rate of a message",
         [=] {
             auto limits = pool().limits;
             return text_if(limits.least_rate == 100 && limits.rate_grace == std::chrono::seconds(10),
                            "100 bytes/s after 10s, there too");
         }},
        {"workers",
         [=] {
             auto workers = socketserver::PreforkTCPServer<Handler>({"127.0.0.1", 0}).prefork_options().workers;
             return text_if(workers == std::max(std::thread::hardware_concurrency(), 1u), "1 x processors");
         }},
        {"requests of a worker", [=] { return text_if(socketserver::PreforkOptions().max_requests == 0, "no limit"); }},
        {"all workers busy",
         [=] { return text_if(socketserver::PreforkOptions().when_full == socketserver::WhenFull::wait, "wait"); }},
        {"waiting before one is shed", [=] { return text(socketserver::PreforkOptions().queue); }},
        {"answer", [=] { return text_if(handover::default_answer_limit == std::chrono::seconds(5), "5s"); }},
        {"start", [=] { return text_if(handover::default_start_limit == std::chrono::seconds(30), "30s"); }},
    };
}

/// The rules of an inbox, and of who sends to one.
Checks ours_of_file_transfer() {
    file_transfer::ReceiveOptions receive;
    file_transfer::SendOptions send;
    auto text_if = [](bool holds, const char* meaning) { return std::string(holds ? meaning : "?"); };
    return {
        {"largest file", [=] { return text_if(receive.max_size == std::uint64_t{1} << 30, "1 GiB"); }},
        {"files on a connection", [=] { return text(receive.max_files); }},
        {"overwrite", [=] { return text(receive.overwrite); }},
        {"resume", [=] { return text(receive.resume && send.resume); }},
        {"receive timeout", [=] { return text_if(receive.timeout == std::chrono::seconds(30), "30s"); }},
        {"least rate", [=] { return text_if(receive.min_rate == 100, "100 bytes/s"); }},
        {"send timeout", [=] { return text_if(send.timeout == std::chrono::seconds(60), "60s"); }},
    };
}

/// What asyncio::serve() has; that connections get it is in flags_test.cpp.
Checks ours_of_asyncio() {
    asyncio::ServeOptions serve;
    auto text_if = [](bool holds, const char* meaning) { return std::string(holds ? meaning : "?"); };
    return {
        {"unsent bytes of a transport",
         [=] { return text_if(asyncio::hard_limit == std::size_t{16} << 20, "16 MiB, and one write more"); }},
        {"serve backlog", [=] { return text(serve.backlog); }},
        {"serve connections", [=] { return text_if(!serve.max_connections, "0.8 x descriptor limit"); }},
        {"serve connections per peer",
         [=] { return text_if(!serve.max_per_peer, "1/8 of that; none for loopback and Unix"); }},
        {"serve idle", [] { return std::string("None"); }},  // there is no such option
        {"serve keepalive", [=] { return text_if(serve.keepalive == std::chrono::seconds(60), "60s, then 4 x 15s"); }},
        {"serve TCP_USER_TIMEOUT", [=] { return text_if(serve.user_timeout == std::chrono::seconds(120), "120s"); }},
        {"serve drain", [=] { return text_if(serve.drain == std::chrono::seconds(30), "30s"); }},
    };
}

Checks ours() {
    auto server = [] { return socket::create_server({"127.0.0.1", 0}); };
    auto option = [=](int which) { return text(server().getsockopt(SOL_SOCKET, which) != 0); };
    socketserver::ServerOptions options;
    auto threading = [] { return socketserver::ThreadingTCPServer<Handler>({"127.0.0.1", 0}); };
    auto forking = [] { return socketserver::ForkingTCPServer<Handler>({"127.0.0.1", 0}); };
    return {
        {"inheritable", [] { return text(Socket().get_inheritable()); }},
        {"timeout", [=] { return text(Socket().gettimeout()); }},
        {"create_server backlog", [=] { return backlog_of(server()); }},
        {"create_server reuse_address", [=] { return option(SO_REUSEADDR); }},
        {"create_server reuse_port", [=] { return option(SO_REUSEPORT); }},
        {"create_server IPV6_V6ONLY",
         [] { return text(socket::create_server({"::1", 0}).getsockopt(IPPROTO_IPV6, IPV6_V6ONLY) != 0); }},
        {"create_connection timeout", [] { return text(socket::ConnectionOptions().timeout); }},
        {"create_connection order",
         [] {
             auto delay = socket::ConnectionOptions().happy_eyeballs_delay;
             return std::string(delay == std::chrono::milliseconds(250) ? "RFC 8305, 250 ms" : "?");
         }},
        {"empty host", [] { return socket::create_server({"", 0}).getsockname().host(); }},
        {"makefile buffer", [] { return text(default_buffer_size); }},
        {"readline limit", [] { return text(default_line_limit); }},
        {"threads", [] { return text(socket::ResolverOptions().threads); }},
        {"queue", [] { return text(socket::ResolverOptions().queue); }},
        {"descriptors of FD_SETSIZE and above",
         [] {
             try {
                 select::select({2000}, {}, {}, Duration::zero());
             } catch (const ValueError&) {
                 return std::string("ValueError");
             }
             return std::string("nothing");
         }},
        {"default",
         [] { return std::string(Selector<int>().method() == selectors::Method::epoll ? "EpollSelector" : "?"); }},
        {"request_queue_size", [=] { return text(options.request_queue_size); }},
        {"allow_reuse_address", [=] { return text(options.allow_reuse_address); }},
        {"allow_reuse_port", [=] { return text(options.allow_reuse_port); }},
        {"max_packet_size", [=] { return text(options.max_packet_size); }},
        {"mode of a Unix path", [=] { return std::string(options.unix_mode ? "?" : "0777 less the umask"); }},
        {"daemon_threads", [=] { return text(threading().daemon_threads); }},
        {"block_on_close", [=] { return text(threading().block_on_close); }},
        {"max_children", [=] { return text(forking().max_children); }},
        {"forking timeout",
         [=] {
             auto timeout = forking().timeout;
             return timeout ? text(static_cast<int>(*timeout / std::chrono::seconds(1))) : text(timeout);
         }},
        {"forking block_on_close", [=] { return text(forking().block_on_close); }},
        {"poll_interval",
         [] {
             return std::string(socketserver::default_poll_interval == std::chrono::milliseconds(500) ? "0.5" : "?");
         }},
        {"wbufsize", [] { return text(Handler().wbufsize); }},
        {"handler timeout", [] { return text(Handler().timeout); }},
        {"disable_nagle_algorithm", [] { return text(Handler().disable_nagle_algorithm); }},
    };
}

TEST(Defaults, the_column_of_cpython_is_true) {
    std::map<std::pair<std::string, std::string>, std::string> said;
    for (const auto& row : table()) said[{row.layer, row.name}] = row.cpython;
    auto lines = testing::oracle("tests/frameworks/defaults_oracle.py", {"docs/defaults.tsv"});
    EXPECT_GE(lines.size(), 20u);
    for (const auto& line : lines) {
        std::istringstream fields(line);
        std::string layer, name, value;
        std::getline(fields, layer, '\t');
        std::getline(fields, name, '\t');
        std::getline(fields, value, '\t');
        EXPECT_EQ((said[{layer, name}]), value) << layer << ' ' << name;
    }
}

TEST(Defaults, our_column_is_true) {
    auto checks = ours();
    checks.merge(ours_of_pools());
    checks.merge(ours_of_file_transfer());
    checks.merge(ours_of_asyncio());
    std::size_t checked = 0;
    for (const auto& row : table()) {
        if (row.layer == "tool" || row.name == "SIGPIPE" || row.name == "input nobody has read")
            continue;  // tests/tool; data_test.cpp
        ASSERT_TRUE(checks.contains(row.name)) << row.name << " has no check";
        EXPECT_EQ(checks[row.name](), row.ours) << row.layer << ' ' << row.name;
        ++checked;
    }
    EXPECT_GE(checked, 40u);
}

}  // namespace
}  // namespace bight
