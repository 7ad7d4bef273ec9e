// SPDX-License-Identifier: BSL-1.0
/// Protocols for tests: they write down what is called.
#pragma once

#include <bight/asyncio/connection.h>
#include <bight/asyncio/protocol.h>

#include "asyncio/engines.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace bight::asyncio {

const Address loopback_port = Address::ip("127.0.0.1", 0);

inline std::string text_of(const std::exception_ptr& error) {
    try {
        if (error) std::rethrow_exception(error);
        return "none";
    } catch (const ConnectionError&) {
        return "ConnectionError";
    } catch (const OSError&) {
        return "OSError";
    } catch (const std::exception& other) {
        return other.what();
    }
}

/// Writes down what is called, and remembers what came.
struct Recorder : Protocol {
    void connection_made(Transport&) override { note("made"); }
    void data_received(Bytes data) override {
        if (calls.empty() || calls.back() != "data") note("data");
        received += data.view();
        changed.set();
    }
    bool eof_received() override {
        note("eof");
        return keeps_open;
    }
    void connection_lost(std::exception_ptr error) override { note("lost " + text_of(error)); }
    void pause_writing() override { note("pause"); }
    void resume_writing() override { note("resume"); }

    void note(std::string call) {
        calls.push_back(std::move(call));
        changed.set();
    }
    bool has(std::string_view call) const { return std::ranges::find(calls, call) != calls.end(); }
    bool is_lost() const { return !calls.empty() && calls.back().starts_with("lost"); }

    std::vector<std::string> calls;
    std::string received;
    bool keeps_open = false;
    Event changed;
};

using Calls = std::vector<std::string>;

inline Task<> wait_until(Recorder* protocol, bool (*is_so)(const Recorder&)) {
    while (!is_so(*protocol)) {
        protocol->changed.clear();
        co_await protocol->changed.wait();
    }
}

inline Task<> wait_until_lost(Recorder* protocol) {
    return wait_until(protocol, [](const Recorder& recorder) { return recorder.is_lost(); });
}

/// A server whose protocols are kept.
template <class Made = Recorder>
struct Kept {
    Kept()
        : server(create_server(
              [this] {
                  auto made = std::make_shared<Made>();
                  protocols.push_back(made);
                  return made;
              },
              any_port)) {}

    Task<std::shared_ptr<Made>> first() {
        while (protocols.empty() || !is_made(*protocols.front())) co_await sleep(Duration::zero());
        co_return protocols.front();
    }
    static bool is_made(const Made& protocol) {
        try {
            return protocol.transport().fileno() >= -1;
        } catch (const RuntimeError&) {
            return false;
        }
    }

    std::vector<std::shared_ptr<Made>> protocols;
    Server server;
};

struct Echo : Protocol {
    void data_received(Bytes data) override { transport().write(data); }
};

struct Port : DatagramProtocol {
    void connection_made(DatagramTransport&) override { note("made"); }
    void datagram_received(Bytes data, const Address& from) override {
        peer = from;
        note(data.to_string());
    }
    void error_received(const OSError&) override { note("error"); }
    void connection_lost(std::exception_ptr error) override { note("lost " + text_of(error)); }
    void note(std::string call) {
        calls.push_back(std::move(call));
        changed.set();
    }
    Task<> until(std::size_t count) {
        while (calls.size() < count) {
            changed.clear();
            co_await changed.wait();
        }
    }
    std::vector<std::string> calls;
    Address peer;
    Event changed;
};

}  // namespace bight::asyncio
