// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/protocol.h>
#include <bight/socket.h>

#include "asyncio/protocols.h"

#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

namespace bight::asyncio {
namespace {

struct ProtocolTest : OnEveryEngine {};

TEST_P(ProtocolTest, both_sides_talk) {
    auto talk = []() -> Task<> {
        auto server = create_server(factory_of<Echo>, any_port);
        auto client = co_await create_connection(factory_of<Recorder>, server.addresses().front());
        EXPECT_EQ(client.protocol->calls, Calls{"made"});
        EXPECT_EQ(client.transport->peer(), server.addresses().front());
        EXPECT_EQ(client.transport->get_protocol(), client.protocol);
        EXPECT_TRUE(client.transport->is_reading());
        client.transport->write("hello, ");
        client.transport->write("world");
        auto has_all = [](const Recorder& recorder) { return recorder.received == "hello, world"; };
        co_await wait_until(client.protocol.get(), has_all);
        client.transport->close();
        EXPECT_TRUE(client.transport->is_closing());
        EXPECT_FALSE(client.transport->is_reading());
        EXPECT_EQ(client.protocol->calls, (Calls{"made", "data"}));  // not within close()
        co_await wait_until_lost(client.protocol.get());
        EXPECT_EQ(client.protocol->calls, (Calls{"made", "data", "lost none"}));
        EXPECT_EQ(client.transport->get_protocol(), nullptr);
        auto tally = co_await server.stop(5s);
        EXPECT_EQ(tally.accepted, 1u);
        EXPECT_EQ(tally.aborted, 0u);
    };
    run(talk());
}

TEST_P(ProtocolTest, after_the_end_of_input_it_closes_or_stays_open_to_be_written_to) {
    for (bool keeps_open : {false, true}) {
        auto talk = [](bool keeps) -> Task<> {
            Kept<> kept;
            Stream client = co_await open_connection(kept.server.addresses().front());
            auto protocol = co_await kept.first();
            protocol->keeps_open = keeps;
            co_await client.write("question");
            client.write_eof();
            auto has_end = [](const Recorder& recorder) { return recorder.has("eof"); };
            co_await wait_until(protocol.get(), has_end);
            if (keeps) {
                EXPECT_FALSE(protocol->transport().is_closing());
                protocol->transport().write("answer");
                protocol->transport().close();
            }
            auto answer = co_await client.read_all(100);
            EXPECT_EQ(answer.view(), keeps ? "answer" : "");
            co_await wait_until_lost(protocol.get());
            EXPECT_EQ(protocol->calls, (Calls{"made", "data", "eof", "lost none"}));
        };
        run(talk(keeps_open));
    }
}

TEST_P(ProtocolTest, a_paused_one_hears_nothing_and_loses_nothing) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        protocol->transport().pause_reading();
        EXPECT_FALSE(protocol->transport().is_reading());
        co_await client.write("unheard");
        client.write_eof();
        co_await sleep(10ms);
        EXPECT_EQ(protocol->calls, Calls{"made"});
        protocol->transport().pause_reading();  // twice is once
        protocol->transport().resume_reading();
        protocol->transport().resume_reading();
        co_await wait_until_lost(protocol.get());
        EXPECT_EQ(protocol->received, "unheard");
        EXPECT_EQ(protocol->calls, (Calls{"made", "data", "eof", "lost none"}));
    };
    run(talk());
}

TEST_P(ProtocolTest, pausing_and_resuming_in_the_same_turn_changes_nothing) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        for (int round = 0; round < 20; ++round) {
            protocol->transport().pause_reading();
            protocol->transport().resume_reading();
            co_await client.write("x");
            protocol->transport().pause_reading();
            co_await sleep(Duration::zero());
            protocol->transport().resume_reading();
        }
        auto has_all = [](const Recorder& recorder) { return recorder.received.size() == 20; };
        co_await wait_until(protocol.get(), has_all);
        protocol->transport().abort();
    };
    run(talk());
}

TEST_P(ProtocolTest, writing_is_paused_above_the_one_mark_and_resumed_at_the_other) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        auto& transport = protocol->transport();
        transport.set_write_buffer_limits(1000);
        EXPECT_EQ(transport.get_write_buffer_limits(), (WriteBufferLimits{250, 1000}));
        std::string sent;
        while (protocol->calls.back() != "pause") {
            std::string block(100'000, static_cast<char>('a' + sent.size() % 7));
            transport.write(block);
            sent += block;
        }
        EXPECT_GT(transport.get_write_buffer_size(), 1000u);
        transport.write("and more");
        sent += "and more";
        EXPECT_EQ(protocol->calls, (Calls{"made", "pause"}));
        auto seen = co_await client.readexactly(sent.size());
        EXPECT_TRUE(seen.view() == sent);
        auto has_resumed = [](const Recorder& recorder) { return recorder.has("resume"); };
        co_await wait_until(protocol.get(), has_resumed);
        while (transport.get_write_buffer_size() > 0) co_await sleep(Duration::zero());
        EXPECT_EQ(protocol->calls, (Calls{"made", "pause", "resume"}));
    };
    run(talk());
}

TEST_P(ProtocolTest, limits_of_what_waits_are_checked) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        auto& transport = protocol->transport();
        EXPECT_EQ(transport.get_write_buffer_limits(), (WriteBufferLimits{16384, 65536}));
        transport.set_write_buffer_limits({}, 10);
        EXPECT_EQ(transport.get_write_buffer_limits(), (WriteBufferLimits{10, 40}));
        transport.set_write_buffer_limits(0, 0);
        EXPECT_EQ(transport.get_write_buffer_limits(), (WriteBufferLimits{0, 0}));
        EXPECT_THROW(transport.set_write_buffer_limits(9, 10), ValueError);
        EXPECT_EQ(transport.get_write_buffer_limits(), (WriteBufferLimits{0, 0}));
        transport.set_write_buffer_limits();
        EXPECT_EQ(transport.get_write_buffer_limits(), (WriteBufferLimits{16384, 65536}));
    };
    run(talk());
}

TEST_P(ProtocolTest, close_sends_what_was_written_and_then_the_end) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        std::string data(8 << 20, 'x');
        protocol->transport().write(data);
        protocol->transport().close();
        protocol->transport().close();
        auto seen = co_await client.read_all(data.size());
        EXPECT_EQ(seen.size(), data.size());
        co_await wait_until_lost(protocol.get());
        protocol->transport().write("nobody hears this");
        protocol->transport().write_eof();
        protocol->transport().close();
        protocol->transport().abort();
        EXPECT_EQ(protocol->calls.back(), "lost none");
        EXPECT_EQ(protocol->transport().fileno(), -1);
    };
    run(talk());
}

TEST_P(ProtocolTest, write_eof_goes_out_behind_what_was_written) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        std::string data(4 << 20, 'x');
        protocol->transport().write(data);
        EXPECT_TRUE(protocol->transport().can_write_eof());
        protocol->transport().write_eof();
        protocol->transport().write_eof();
        EXPECT_THROW(protocol->transport().write("more"), RuntimeError);
        auto seen = co_await client.read_all(data.size());
        EXPECT_EQ(seen.size(), data.size());
        co_await client.write("still heard");
        auto has_it = [](const Recorder& recorder) { return recorder.received == "still heard"; };
        co_await wait_until(protocol.get(), has_it);
        co_await client.close();
        co_await wait_until_lost(protocol.get());
    };
    run(talk());
}

TEST_P(ProtocolTest, abort_drops_what_waits) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        std::string data(32 << 20, 'x');
        protocol->transport().write(data);
        EXPECT_GT(protocol->transport().get_write_buffer_size(), 0u);
        protocol->transport().abort();
        EXPECT_EQ(protocol->calls.back(), "pause");  // connection_lost() is never called within
        co_await wait_until_lost(protocol.get());
        EXPECT_EQ(protocol->calls.back(), "lost none");
        std::size_t seen = 0;
        try {
            for (std::size_t size = 1; size > 0;) {
                auto part = co_await client.read();
                seen += size = part.size();
            }
        } catch (const ConnectionError&) {}
        EXPECT_LT(seen, data.size());
    };
    run(talk());
}

TEST_P(ProtocolTest, an_error_of_a_hook_is_told_and_ends_its_connection_only) {
    struct Failing : Recorder {
        void data_received(Bytes data) override {
            Recorder::data_received(data);
            if (data.view() == "fail") throw std::runtime_error("as asked");
        }
    };
    static std::vector<std::string> told;
    told.clear();
    auto talk = []() -> Task<> {
        auto tell = [](void*, std::exception_ptr error, std::string_view where) {
            told.push_back(std::string(where) + ": " + text_of(error));
        };
        get_running_loop().set_exception_handler(tell);
        Kept<Failing> kept;
        Stream good = co_await open_connection(kept.server.addresses().front());
        while (kept.protocols.size() < 1) co_await sleep(Duration::zero());
        Stream bad = co_await open_connection(kept.server.addresses().front());
        while (kept.protocols.size() < 2) co_await sleep(Duration::zero());
        co_await bad.write("fail");
        co_await wait_until_lost(kept.protocols[1].get());
        EXPECT_EQ(kept.protocols[1]->calls, (Calls{"made", "data", "lost as asked"}));
        co_await good.write("well");
        auto has_it = [](const Recorder& recorder) { return recorder.received == "well"; };
        co_await wait_until(kept.protocols[0].get(), has_it);
        get_running_loop().set_exception_handler(nullptr);
    };
    run(talk());
    EXPECT_EQ(told, std::vector<std::string>{"data_received: as asked"});
}

TEST_P(ProtocolTest, who_writes_on_and_on_loses_the_connection) {
    auto talk = []() -> Task<> {
        Kept<Recorder> kept;
        Stream silent = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        auto& transport = protocol->transport();
        std::string much(1 << 20, 'x');
        std::size_t most = 0;
        for (int i = 0; i < 64; ++i) {
            transport.write(much);
            most = std::max(most, transport.get_write_buffer_size());
        }
        EXPECT_GT(most, hard_limit - much.size());
        EXPECT_LE(most, hard_limit + much.size());
        co_await wait_until_lost(protocol.get());
        EXPECT_EQ(protocol->calls.back(), "lost OSError");
    };
    run(talk());
}

TEST_P(ProtocolTest, another_protocol_takes_over) {
    struct First : Recorder {
        void data_received(Bytes data) override {
            Recorder::data_received(data);
            transport().set_protocol(second);
        }
        std::shared_ptr<Recorder> second = std::make_shared<Recorder>();
    };
    auto talk = []() -> Task<> {
        Kept<First> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto first = co_await kept.first();
        co_await client.write("one");
        auto has_it = [](const Recorder& recorder) { return !recorder.received.empty(); };
        co_await wait_until(first.get(), has_it);
        auto second = first->second;
        EXPECT_EQ(second->transport().get_protocol(), second);
        EXPECT_THROW((void)first->transport(), RuntimeError);
        EXPECT_THROW(second->transport().set_protocol(std::make_shared<DatagramProtocol>()), ValueError);
        co_await client.write("two");
        co_await client.close();
        co_await wait_until_lost(second.get());
        EXPECT_EQ(first->calls, (Calls{"made", "data"}));
        EXPECT_EQ(second->calls, (Calls{"data", "eof", "lost none"}));
        EXPECT_EQ(first->received + second->received, "onetwo");
    };
    run(talk());
}

struct Collecting : BufferedProtocol {
    MutableBytes get_buffer(std::size_t sizehint) override {
        EXPECT_GT(sizehint, 0u);
        return is_full ? MutableBytes() : MutableBytes(memory.data(), memory.size());
    }
    void buffer_updated(std::size_t size) override {
        collected += Bytes(memory.data(), size).view();
        changed.set();
    }
    void connection_lost(std::exception_ptr error) override {
        lost = text_of(error);
        changed.set();
    }

    std::array<std::byte, 10> memory;
    std::string collected;
    std::string lost;
    bool is_full = false;
    Event changed;
};

TEST_P(ProtocolTest, a_buffered_one_says_where_the_bytes_go) {
    auto talk = []() -> Task<> {
        Kept<Collecting> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        std::string data;
        for (int i = 0; i < 1000; ++i) data += std::to_string(i);
        co_await client.write(data);
        while (protocol->collected.size() < data.size()) {
            protocol->changed.clear();
            co_await protocol->changed.wait();
        }
        EXPECT_EQ(protocol->collected, data);
        protocol->is_full = true;
        get_running_loop().set_exception_handler([](void*, std::exception_ptr, std::string_view) {});
        co_await client.write("x");
        while (protocol->lost.empty()) {
            protocol->changed.clear();
            co_await protocol->changed.wait();
        }
        EXPECT_EQ(protocol->lost, "get_buffer() returned an empty buffer");
        get_running_loop().set_exception_handler(nullptr);
    };
    run(talk());
}

/// Has room for ten bytes, and pauses when they are full.
struct Filling : Collecting {
    void buffer_updated(std::size_t size) override {
        Collecting::buffer_updated(size);
        transport().pause_reading();
    }
};

TEST_P(ProtocolTest, a_buffered_one_that_pauses_is_asked_no_more_and_loses_nothing) {
    auto talk = []() -> Task<> {
        Kept<Filling> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        co_await client.write("0123456789abcdefghijklmno");
        client.write_eof();
        for (std::string_view expected : {"0123456789", "0123456789abcdefghij", "0123456789abcdefghijklmno"}) {
            while (protocol->collected.size() < expected.size()) {
                protocol->changed.clear();
                protocol->transport().resume_reading();
                co_await protocol->changed.wait();
                EXPECT_FALSE(protocol->transport().is_reading());
            }
            EXPECT_EQ(protocol->collected, expected);
        }
        protocol->transport().resume_reading();
        while (protocol->lost.empty()) {
            protocol->changed.clear();
            co_await protocol->changed.wait();
        }
        EXPECT_EQ(protocol->lost, "none");
    };
    run(talk());
}

/// Puts another one in its own place, which nobody else keeps.
struct Leaving : Recorder {
    void connection_made(Transport& transport) override {
        transport.set_protocol(std::make_shared<Recorder>());
        note("still here");
    }
};

TEST_P(ProtocolTest, a_protocol_may_leave_within_a_hook) {
    auto talk = []() -> Task<> {
        auto server = create_server([] { return std::make_unique<Leaving>(); }, any_port);
        Stream client = co_await open_connection(server.addresses().front());
        co_await client.close();
        auto tally = co_await server.stop(5s);
        EXPECT_EQ(tally.aborted, 0u);
    };
    run(talk());
}

TEST_P(ProtocolTest, a_connection_that_is_made_as_the_loop_ends_ends_too) {
    auto talk = []() -> Task<> {
        auto server = std::make_shared<Server>(create_server(factory_of<Echo>, any_port));
        auto connect = [](std::shared_ptr<Server> with) -> Task<> {
            co_await shield(create_connection(factory_of<Recorder>, with->addresses().front()));
        };
        for (int i = 0; i < 10; ++i) {
            get_running_loop().create_task(connect(server));
            co_await sleep(Duration::zero());
        }
    };
    run(talk());
}

TEST_P(ProtocolTest, the_end_of_a_server_aborts_what_does_not_end_by_itself) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        auto tally = co_await kept.server.stop(10ms);
        EXPECT_EQ(tally.aborted, 1u);
        EXPECT_EQ(protocol->calls, (Calls{"made", "lost none"}));
    };
    run(talk());
}

TEST_P(ProtocolTest, the_end_of_the_loop_ends_every_connection_with_a_last_call) {
    std::shared_ptr<Recorder> outlives;
    auto talk = [](std::shared_ptr<Recorder>* kept_on) -> Task<> {
        Kept<> kept;
        auto client = co_await create_connection(factory_of<Recorder>, kept.server.addresses().front());
        std::string data(16 << 20, 'x');
        client.transport->write(data);  // the kernel has some of it when all ends
        *kept_on = client.protocol;
    };
    run(talk(&outlives));
    EXPECT_EQ(outlives->calls, (Calls{"made", "pause", "lost none"}));
    EXPECT_EQ(outlives.use_count(), 1);
}

TEST_P(ProtocolTest, what_cannot_be_connected_raises) {
    auto talk = []() -> Task<> {
        Socket bound(Family::inet, Kind::stream);  // and does not listen
        bound.bind(loopback_port);
        Address nobody = bound.getsockname();
        try {
            co_await create_connection(factory_of<Recorder>, nobody);
            ADD_FAILURE();
        } catch (const ConnectionRefusedError&) {}
    };
    run(talk());
}

TEST_P(ProtocolTest, a_peer_that_breaks_off_is_an_error) {
    auto talk = []() -> Task<> {
        Kept<> kept;
        Stream client = co_await open_connection(kept.server.addresses().front());
        auto protocol = co_await kept.first();
        protocol->transport().write("unread, so that the end is a reset");
        auto has_come = co_await client.read(1);
        EXPECT_EQ(has_come.view(), "u");
        linger none{1, 0};
        if (client.fileno() >= 0) {
            EXPECT_EQ(::setsockopt(client.fileno(), SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
        }
        client.abort();
        co_await wait_until_lost(protocol.get());
        EXPECT_EQ(protocol->calls, (Calls{"made", "lost ConnectionError"}));
    };
    run(talk());
}

// ---- Datagrams. --------------------------------------------------------------------------------------------------------

TEST_P(ProtocolTest, datagrams_come_and_go) {
    auto talk = []() -> Task<> {
        auto server = co_await create_datagram_endpoint(factory_of<Port>, {.local_addr = &loopback_port});
        Address where = server.transport->local();
        auto client = co_await create_datagram_endpoint(factory_of<Port>, {.remote_addr = &where});
        client.transport->sendto("one");
        co_await server.protocol->until(2);
        EXPECT_EQ(server.protocol->peer, client.transport->local());
        server.transport->sendto("", server.protocol->peer);
        co_await client.protocol->until(2);
        client.transport->sendto("two", where);
        EXPECT_THROW(client.transport->sendto("no", loopback_port), ValueError);
        co_await server.protocol->until(3);
        client.transport->close();
        client.transport->sendto("nobody sends this");
        co_await client.protocol->until(3);
        server.transport->abort();
        co_await server.protocol->until(4);
        EXPECT_EQ(server.protocol->calls, (Calls{"made", "one", "two", "lost none"}));
        EXPECT_EQ(client.protocol->calls, (Calls{"made", "", "lost none"}));
    };
    run_in_turn(talk());
}

BIGHT_ON_EVERY_ENGINE(ProtocolTest);

// ---- Cancelled anywhere. -----------------------------------------------------------------------------------------------

TEST(CancelledProtocol, nothing_is_left_of_a_connection_that_was_being_made) {
    auto steps = [](testing::Simulation&) -> Task<> {
        auto server = create_server(factory_of<Echo>, any_port);
        auto client = co_await create_connection(factory_of<Recorder>, server.addresses().front());
        client.transport->write("hello");
        auto has_all = [](const Recorder& recorder) { return recorder.received == "hello"; };
        co_await wait_until(client.protocol.get(), has_all);
        client.transport->close();
        co_await wait_until_lost(client.protocol.get());
    };
    EXPECT_GT(testing::cancel_everywhere(steps), 3u);
}

}  // namespace
}  // namespace bight::asyncio
