// SPDX-License-Identifier: BSL-1.0
// What docs/parity-socketserver.tsv and docs/parity-selectors.tsv call done is there: what is not does not compile.

#include <bight/selectors.h>
#include <bight/socket.h>
#include <bight/socketserver.h>

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

namespace bight::socketserver {
namespace {

using Names = std::set<std::string>;

struct Streams : StreamRequestHandler {};
struct Packets : DatagramRequestHandler {};

// clang-format off
#define MEMBER(name) { struct Use : Class { using Class::name; }; names.insert(#name); }

template <class Class>
Names of_server() {
    Names names;
    MEMBER(close_request) MEMBER(fileno) MEMBER(finish_request) MEMBER(get_request) MEMBER(handle_error)
    MEMBER(handle_request) MEMBER(handle_timeout) MEMBER(process_request) MEMBER(serve_forever) MEMBER(server_activate)
    MEMBER(server_bind) MEMBER(server_close) MEMBER(service_actions) MEMBER(shutdown) MEMBER(shutdown_request)
    MEMBER(timeout) MEMBER(verify_request)
    if constexpr (requires { &Class::daemon_threads; }) { MEMBER(block_on_close) MEMBER(daemon_threads) }
    if constexpr (requires { &Class::max_children; }) {
        MEMBER(active_children) MEMBER(block_on_close) MEMBER(collect_children) MEMBER(max_children)
    }
    return names;
}

template <class Class>
Names of_handler() {
    Names names;
    MEMBER(finish) MEMBER(handle) MEMBER(setup)
    if constexpr (std::is_same_v<Class, StreamRequestHandler>) {
        MEMBER(disable_nagle_algorithm) MEMBER(rbufsize) MEMBER(timeout) MEMBER(wbufsize)
    }
    return names;
}

template <class Class>
Names of_selector() {
    Names names;
    MEMBER(add) MEMBER(close) MEMBER(fileno) MEMBER(get_key) MEMBER(get_map) MEMBER(modify) MEMBER(remove) MEMBER(select)
    return names;
}
#undef MEMBER
// clang-format on

std::map<std::string, Names> classes() {
    return {
        {"BaseServer", of_server<BaseServer>()},
        {"TCPServer", of_server<TCPServer<Streams>>()},
        {"UDPServer", of_server<UDPServer<Packets>>()},
        {"UnixStreamServer", of_server<UnixStreamServer<Streams>>()},
        {"UnixDatagramServer", of_server<UnixDatagramServer<Packets>>()},
        {"ThreadingMixIn", of_server<ThreadingMixIn<TCPServer<Streams>>>()},
        {"ThreadingTCPServer", of_server<ThreadingTCPServer<Streams>>()},
        {"ThreadingUDPServer", of_server<ThreadingUDPServer<Packets>>()},
        {"ThreadingUnixStreamServer", of_server<ThreadingUnixStreamServer<Streams>>()},
        {"ThreadingUnixDatagramServer", of_server<ThreadingUnixDatagramServer<Packets>>()},
        {"ForkingMixIn", of_server<ForkingMixIn<TCPServer<Streams>>>()},
        {"ForkingTCPServer", of_server<ForkingTCPServer<Streams>>()},
        {"ForkingUDPServer", of_server<ForkingUDPServer<Packets>>()},
        {"BaseRequestHandler", of_handler<BaseRequestHandler>()},
        {"StreamRequestHandler", of_handler<StreamRequestHandler>()},
        {"DatagramRequestHandler", of_handler<DatagramRequestHandler>()},
    };
}

/// What stands in another place than Python's.
Names elsewhere() {
    (void)&ServerOptions::address_family, (void)&ServerOptions::allow_reuse_address;
    (void)&ServerOptions::allow_reuse_port, (void)&ServerOptions::max_packet_size;
    (void)&ServerOptions::request_queue_size, (void)&Socket::kind;
    return {"ServerOptions::address_family",  "ServerOptions::allow_reuse_address", "ServerOptions::allow_reuse_port",
            "ServerOptions::max_packet_size", "ServerOptions::request_queue_size",  "Socket::kind"};
}

std::map<std::string, std::string> table(const std::string& module) {
    std::map<std::string, std::string> states;
    std::ifstream file("docs/parity-" + module + ".tsv");
    std::string line;
    std::getline(file, line);  // the headings
    while (std::getline(file, line)) states.emplace(line.substr(0, line.find('\t')), line.substr(line.find('\t') + 1));
    return states;
}

TEST(Parity, what_the_table_of_socketserver_calls_done_compiles) {
    auto have = classes();
    auto others = elsewhere();
    std::size_t done = 0;
    for (auto& [name, state] : table("socketserver")) {
        EXPECT_FALSE(state.starts_with("to come")) << name;
        if (!state.starts_with("done")) continue;
        ++done;
        auto dot = name.find('.');
        auto& members = have[name.substr(0, dot)];
        if (state.starts_with("done as "))
            EXPECT_TRUE(others.contains(state.substr(8))) << name << ": " << state;
        else
            EXPECT_TRUE(dot == name.npos ? !members.empty() : members.contains(name.substr(dot + 1))) << name;
    }
    EXPECT_GT(done, 290u);
}

TEST(Parity, what_the_table_of_selectors_calls_done_compiles) {
    auto members = of_selector<selectors::DefaultSelector<int>>();
    for (auto& other : {of_selector<selectors::EpollSelector<int>>(), of_selector<selectors::PollSelector<int>>(),
                        of_selector<selectors::SelectSelector<int>>()})
        EXPECT_EQ(other, members);
    std::size_t done = 0;
    for (auto& [name, state] : table("selectors")) {
        EXPECT_FALSE(state.starts_with("to come")) << name;
        auto dot = name.find('.');
        if (!state.starts_with("done") || dot == name.npos || !name.substr(0, dot).ends_with("Selector")) continue;
        auto member = name.substr(dot + 1);
        if (state.starts_with("done as ")) member = state.substr(state.find_last_of(" :") + 1);
        if (member.ends_with("Selector")) continue;  // a constructor: the class is there, or its methods are not
        ++done;
        EXPECT_TRUE(members.contains(member)) << name << ": " << state;
    }
    EXPECT_GT(done, 30u);
}

}  // namespace
}  // namespace bight::socketserver
