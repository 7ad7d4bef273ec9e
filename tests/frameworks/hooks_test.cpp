// SPDX-License-Identifier: BSL-1.0
// The hooks of our servers are called in the order in which CPython calls them: hooks_oracle.py plays the same
// scenarios on CPython's own.

#include <bight/socketserver.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <mutex>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;

/// What was called, from whichever thread.
struct Calls {
    void add(const char* name) {
        std::lock_guard lock(mutex);
        text += text.empty() ? name : std::string(" ") + name;
    }
    std::mutex mutex;
    std::string text;
};

struct Script {
    std::string scenario;
    Calls calls;
};
Script* script = nullptr;  // of the server that is playing: hooks are called from its constructor on

struct Handler : BaseRequestHandler {
    void setup() override { script->calls.add("setup"); }
    void handle() override {
        script->calls.add("handle");
        if (script->scenario == "error") throw ValueError("a bug");
    }
    void finish() override { script->calls.add("finish"); }
};

template <class Base>
struct Traced : Base {
    explicit Traced(const HostPort& where) : Base(where, {.bind_and_activate = false}) { this->bind_and_activate(); }
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
    void handle_error(Request&, const Address&) override { script->calls.add("handle_error"); }
    void handle_timeout() override { script->calls.add("handle_timeout"), Base::handle_timeout(); }
};

template <class Base>
std::string play(const char* name, const char* scenario) {
    Script playing{scenario, {}};
    script = &playing;
    {
        Traced<Base> server({"127.0.0.1", 0});
        Socket client(Family::inet, server.socket().kind());
        if (playing.scenario == "timeout") {
            server.timeout = 5ms;
        } else {
            client.connect(server.server_address());
            client.send("x");
        }
        server.handle_request();
    }
    return std::string(name) + ' ' + scenario + ": " + playing.calls.text;
}

TEST(Hooks, are_called_in_cpythons_order) {
    std::vector<std::string> ours;
    for (auto scenario : {"served", "error", "refused", "timeout"})
        ours.push_back(play<TCPServer<Handler>>("TCPServer", scenario));
    for (auto scenario : {"served", "error", "refused", "timeout"})
        ours.push_back(play<UDPServer<Handler>>("UDPServer", scenario));
    for (auto scenario : {"served", "error", "refused", "timeout"})
        ours.push_back(play<ThreadingTCPServer<Handler>>("ThreadingTCPServer", scenario));
    for (auto scenario : {"served", "error", "refused", "timeout"})
        ours.push_back(play<ThreadingUDPServer<Handler>>("ThreadingUDPServer", scenario));
    auto theirs = testing::oracle("tests/frameworks/hooks_oracle.py", {});
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(ours[i], theirs[i]);
}

}  // namespace
}  // namespace bight::socketserver
