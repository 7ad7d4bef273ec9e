// SPDX-License-Identifier: BSL-1.0
// The hooks of our servers are called in the order in which CPython calls them: hooks_oracle.py plays the same
// scenarios on CPython's own.

#include <bight/socketserver.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <mutex>
#include <type_traits>

#include <unistd.h>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;

/// What was called, from whichever thread; in child processes, by way of a pair of sockets.
struct Calls {
    void add(const char* name) {
        if (::getpid() != process) return children.first.sendall(std::string(name) + ' ');
        std::lock_guard lock(mutex);
        here += name + std::string(" ");
    }
    std::string text() {
        children.first.close();  // the last end, once the children are gone
        auto text = here + "| " + children.second.makefile(socket::rb).read_all().to_string();
        return text.substr(0, text.find_last_not_of(' ') + 1);
    }
    std::mutex mutex;
    std::string here;
    pid_t process = ::getpid();
    socket::SocketPair children = socket::socketpair();
};

struct Script {
    std::string scenario;
    Calls calls;
};
Script* script = nullptr;  // of the server that is playing: hooks are called from its constructor on

struct Exit {};  // no error: the program's end, as SystemExit is

struct Handler : BaseRequestHandler {
    void setup() override { script->calls.add("setup"); }
    void handle() override {
        script->calls.add("handle");
        if (script->scenario == "error" || script->scenario == "worse") throw ValueError("a bug");
        if (script->scenario == "exit") throw Exit();
    }
    void finish() override { script->calls.add("finish"); }
};

template <class Base>
struct Traced : Base {
    explicit Traced(const HostPort& where) : Base(place_for_base(where), {.bind_and_activate = false}) {
        this->bind_and_activate();
    }
    static auto place_for_base(const HostPort& where) {
        if constexpr (std::is_constructible_v<Base, const HostPort&, const ServerOptions&>)
            return where;
        else
            return *where.address();
    }
    ~Traced() override { Traced::server_close(); }

    void server_bind() override { script->calls.add("server_bind"), Base::server_bind(); }
    void server_activate() override { script->calls.add("server_activate"), Base::server_activate(); }
    void server_close() override { Base::server_close(), script->calls.add("server_close"); }
    Incoming get_request() override { return script->calls.add("get_request"), Base::get_request(); }
    bool verify_request(Request&, const Address&) override {
        script->calls.add("verify_request");
        return script->scenario != "refused";
    }
    void process_request(Request& request, const Address& client) override {
        script->calls.add("process_request"), Base::process_request(request, client);
    }
    void finish_request(Request& request, const Address& client) override {
        script->calls.add("finish_request"), Base::finish_request(request, client);
    }
    void shutdown_request(Request& request) override {
        script->calls.add("shutdown_request"), Base::shutdown_request(request);
    }
    void close_request(Request& request) override { script->calls.add("close_request"), Base::close_request(request); }
    void handle_error(Request&, const Address&) override {
        script->calls.add("handle_error");
        if (script->scenario == "worse") throw ValueError("another");
    }
    void handle_timeout() override { script->calls.add("handle_timeout"), Base::handle_timeout(); }
};

template <class Base>
void play(const char* name, std::vector<std::string>& out, std::vector<std::string> more = {},
          const HostPort& where = {"127.0.0.1", 0}) {
    std::vector<std::string> scenarios{"served", "error", "refused", "timeout"};
    scenarios.insert(scenarios.end(), more.begin(), more.end());
    for (auto& scenario : scenarios) {
        Script playing{scenario, {}};
        script = &playing;
        {
            Traced<Base> server(where);
            Socket client(server.socket().family(), server.socket().kind());
            if (scenario == "timeout") {
                server.timeout = 5ms;
            } else {
                client.connect(server.server_address());
                client.send("x");
            }
            server.handle_request();
        }
        out.push_back(std::string(name) + ' ' + scenario + ": " + playing.calls.text());
    }
}

TEST(Hooks, are_called_in_cpythons_order) {
    std::vector<std::string> ours;
    play<TCPServer<Handler>>("TCPServer", ours);
    play<UDPServer<Handler>>("UDPServer", ours);
    play<ThreadingTCPServer<Handler>>("ThreadingTCPServer", ours);
    play<ThreadingUDPServer<Handler>>("ThreadingUDPServer", ours);
    play<ForkingTCPServer<Handler>>("ForkingTCPServer", ours, {"worse", "exit"});
    play<ForkingUDPServer<Handler>>("ForkingUDPServer", ours, {"worse", "exit"});
    HostPort anywhere = Address::unnamed();  // the kernel's choice of a name
    play<ThreadingUnixStreamServer<Handler>>("ThreadingUnixStreamServer", ours, {}, anywhere);
    play<ThreadingUnixDatagramServer<Handler>>("ThreadingUnixDatagramServer", ours, {}, anywhere);
    play<ForkingUnixStreamServer<Handler>>("ForkingUnixStreamServer", ours, {"worse", "exit"}, anywhere);
    play<ForkingUnixDatagramServer<Handler>>("ForkingUnixDatagramServer", ours, {"worse", "exit"}, anywhere);
    auto theirs = testing::oracle("tests/frameworks/hooks_oracle.py", {});
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(ours[i], theirs[i]);
}

}  // namespace
}  // namespace bight::socketserver
