// SPDX-License-Identifier: BSL-1.0
/// Runs a test on every engine: its name then ends in /uring, /epoll, /sim.
#pragma once

#include <bight/asyncio.h>
#include <bight/testing.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace bight::asyncio {

using namespace std::chrono_literals;

inline const HostPort any_port("127.0.0.1", 0);

inline LoopOptions options_for(EngineChoice engine) { return {.engine = engine, .debug = true}; }

/// Whether this machine offers io_uring.
inline bool has_uring() {
    static const bool offered = [] {
        try {
            EventLoop loop(options_for(EngineChoice::uring));
            return true;
        } catch (const OSError&) {
            return false;
        }
    }();
    return offered;
}

enum class EngineUnderTest { uring, epoll, sim };

class OnEveryEngine : public ::testing::TestWithParam<EngineUnderTest> {
protected:
    void SetUp() override {
        if (GetParam() == EngineUnderTest::uring && !has_uring()) GTEST_SKIP() << "the kernel refuses io_uring";
    }

    /// The simulation is as disorderly as a kernel may be, but that what was written whole is read whole.
    template <class T>
    T run(Task<T> task) {
        if (GetParam() == EngineUnderTest::sim) return testing::Simulation({.short_transfers = 0}).run(std::move(task));
        return asyncio::run(std::move(task), options_for(choice()));
    }

    /// As run(), but what is ready runs in turn, as by a kernel's engine: for what promises an order.
    template <class T>
    T run_in_turn(Task<T> task) {
        if (GetParam() != EngineUnderTest::sim) return run(std::move(task));
        return testing::Simulation(testing::SimulationOptions::calm()).run(std::move(task));
    }

    static EngineChoice choice() {
        return GetParam() == EngineUnderTest::uring ? EngineChoice::uring : EngineChoice::epoll;
    }
};

inline std::string name_of_engine(const ::testing::TestParamInfo<EngineUnderTest>& info) {
    switch (info.param) {
        case EngineUnderTest::uring: return "uring";
        case EngineUnderTest::epoll: return "epoll";
        case EngineUnderTest::sim: break;
    }
    return "sim";
}

#define BIGHT_ON_EVERY_ENGINE(suite)                                                                                   \
    INSTANTIATE_TEST_SUITE_P(, suite,                                                                                  \
                             ::testing::Values(EngineUnderTest::uring, EngineUnderTest::epoll, EngineUnderTest::sim),  \
                             name_of_engine)

/// For what wants a real descriptor, port, process or thread.
#define BIGHT_ON_KERNEL_ENGINES(suite)                                                                                 \
    INSTANTIATE_TEST_SUITE_P(, suite, ::testing::Values(EngineUnderTest::uring, EngineUnderTest::epoll), name_of_engine)

/// A stream and the other end of it, over loopback.
struct Pair {
    Stream a;
    Stream b;
};

/// Serves a single connection, and hands it out.
inline Task<Pair> connected_pair() {
    std::vector<Stream> arrived;
    auto keep = [&arrived](Stream stream) -> Task<> {
        arrived.push_back(std::move(stream));
        co_return;
    };
    auto server = start_server(any_port, keep);
    Stream a = co_await open_connection(server.addresses().front());
    while (arrived.empty()) co_await sleep(Duration::zero());
    co_return Pair{std::move(a), std::move(arrived.front())};
}

}  // namespace bight::asyncio
