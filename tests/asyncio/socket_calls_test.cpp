// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/resolver.h>
#include <bight/asyncio/socket_calls.h>

#include "asyncio/engines.h"
#include <bight/file_descriptor.h>

#include "support/faults.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>

namespace bight::asyncio {
namespace {

struct SocketCallsTest : OnEveryEngine {};

const Address loopback_port = Address::ip("127.0.0.1", 0);

struct Sockets {
    Socket near = Socket::closed();
    Socket far = Socket::closed();
};

Sockets nonblocking_pair(Kind kind = Kind::stream) {
    auto [near, far] = socket::socketpair(Family::unix_domain, kind);
    near.setblocking(false);
    far.setblocking(false);
    return {std::move(near), std::move(far)};
}

TEST_P(SocketCallsTest, connect_accept_send_and_receive) {
    auto talk = []() -> Task<> {
        Socket listener;
        listener.bind(loopback_port);
        listener.listen();
        listener.setblocking(false);
        Socket client;
        client.setblocking(false);
        TaskGroup group;
        auto connect = [](Socket* socket, Address where) -> Task<> { co_await sock_connect(*socket, where); };
        group.spawn(connect, &client, listener.getsockname());
        auto accepted = co_await sock_accept(listener);
        co_await group.join();
        EXPECT_EQ(accepted.peer, client.getsockname());
        EXPECT_FALSE(accepted.socket.getblocking());

        std::string data(8 << 20, 'x');
        auto send = [](Socket* socket, const std::string* all) -> Task<> {
            co_await sock_sendall(*socket, *all);
            socket->shutdown(SHUT_WR);
        };
        group.spawn(send, &client, &data);
        std::size_t seen = 0;
        std::array<std::byte, 1000> memory;
        while (true) {
            auto part = co_await sock_recv(accepted.socket, 65536);
            auto size = co_await sock_recv_into(accepted.socket, memory);
            seen += part.size() + size;
            if (size == 0) break;
        }
        EXPECT_EQ(seen, data.size());
        co_await group.join();
    };
    run(talk());
}

TEST_P(SocketCallsTest, datagrams) {
    auto talk = []() -> Task<> {
        Socket near(Family::inet, Kind::datagram), far(Family::inet, Kind::datagram);
        for (Socket* port : {&near, &far}) {
            port->bind(loopback_port);
            port->setblocking(false);
        }
        auto sent = co_await sock_sendto(near, "hello", far.getsockname());
        EXPECT_EQ(sent, 5u);
        auto datagram = co_await sock_recvfrom(far, 100);
        EXPECT_EQ(datagram.data.view(), "hello");
        EXPECT_EQ(datagram.peer, near.getsockname());
        co_await sock_sendto(far, "back", near.getsockname());
        std::array<std::byte, 100> memory;
        auto into = co_await sock_recvfrom_into(near, memory);
        EXPECT_EQ(Bytes(into.data).view(), "back");
        EXPECT_EQ(into.peer, far.getsockname());
    };
    run(talk());
}

TEST_P(SocketCallsTest, a_socket_that_blocks_is_refused) {
    auto talk = []() -> Task<> {
        auto [near, far] = socket::socketpair();
        std::array<std::byte, 1> memory;
        for (int call = 0; call < 7; ++call) {
            try {
                switch (call) {
                    case 0: co_await sock_recv(near, 1); break;
                    case 1: co_await sock_recv_into(near, memory); break;
                    case 2: co_await sock_recvfrom(near, 1); break;
                    case 3: co_await sock_sendall(near, "x"); break;
                    case 4: co_await sock_sendto(near, "x", loopback_port); break;
                    case 5: co_await sock_connect(near, loopback_port); break;
                    case 6: co_await sock_accept(near); break;
                }
                ADD_FAILURE() << call;
            } catch (const ValueError&) {}
        }
    };
    run(talk());
}

TEST_P(SocketCallsTest, what_cannot_be_connected_raises) {
    auto talk = []() -> Task<> {
        Socket bound;  // and does not listen
        bound.bind(loopback_port);
        Socket client;
        client.setblocking(false);
        try {
            co_await sock_connect(client, bound.getsockname());
            ADD_FAILURE();
        } catch (const ConnectionRefusedError&) {}
    };
    run(talk());
}

TEST_P(SocketCallsTest, a_unix_listener_that_is_full_and_goes_refuses) {
    auto talk = []() -> Task<> {
        Address name = Address::abstract_name("bight-" + std::to_string(::getpid()));
        std::optional<Socket> listener(std::in_place, Family::unix_domain);
        listener->bind(name);
        listener->listen(0);
        Socket first(Family::unix_domain), second(Family::unix_domain);
        first.connect(name);
        second.setblocking(false);
        TaskGroup group;
        auto connect = [](Socket* socket, Address where) -> Task<> { co_await sock_connect(*socket, where); };
        auto connecting = group.spawn(connect, &second, name);
        co_await sleep(5ms);
        listener.reset();
        try {
            co_await group.join();
            ADD_FAILURE();
        } catch (const ConnectionRefusedError&) {}
    };
    run(talk());
}

TEST_P(SocketCallsTest, a_wait_that_is_cancelled_loses_nothing) {
    auto talk = []() -> Task<> {
        auto [near, far] = nonblocking_pair();
        try {
            co_await wait_for(sock_recv(near, 100), 5ms);
            ADD_FAILURE();
        } catch (const TimeoutError&) {}
        co_await sock_sendall(far, "late");
        auto data = co_await sock_recv(near, 100);
        EXPECT_EQ(data.view(), "late");
    };
    run(talk());
}

// ---- Files. ------------------------------------------------------------------------------------------------------------

struct SendfileTest : OnEveryEngine {
    SendfileTest() {
        for (int i = 0; content.size() < 5'000'000; ++i) content += std::to_string(i) + ' ';
    }
    FileDescriptor open() const {
        FileDescriptor file(::memfd_create("file", MFD_CLOEXEC));
        EXPECT_EQ(::write(file.fileno(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
        return file;
    }

    std::string content;
};

Task<std::string> everything(Stream* stream) {
    auto all = co_await stream->read_all(std::size_t{1} << 30);
    co_return all.to_string();
}

TEST_P(SendfileTest, a_stream_sends_a_file_or_a_part_of_it) {
    auto talk = [](SendfileTest* test) -> Task<> {
        struct Case {
            std::uint64_t offset;
            std::optional<std::uint64_t> count;
        };
        for (auto [offset, count] :
             {Case{0, {}}, Case{1000, {}}, Case{4'000'000, 123'456}, Case{0, 1 << 30}, Case{1 << 30, {}}}) {
            auto file = test->open();
            auto [a, b] = co_await connected_pair();
            TaskGroup group;
            auto reading = group.spawn(everything, &b);
            auto sent = co_await a.sendfile(file, offset, count);
            a.write_eof();
            auto seen = co_await reading;
            auto expected = offset < test->content.size() ? test->content.substr(offset, count.value_or(-1)) : "";
            EXPECT_TRUE(seen == expected) << offset;
            EXPECT_EQ(sent, expected.size());
            if (sent > 0) {
                EXPECT_EQ(::lseek(file.fileno(), 0, SEEK_CUR), static_cast<off_t>(offset + sent));
            }
            co_await group.join();
        }
        auto [a, b] = co_await connected_pair();
        auto file = test->open();
        try {
            co_await a.sendfile(file, 0, 0);
            ADD_FAILURE();
        } catch (const ValueError&) {}
    };
    run(talk(this));
}

struct OpenFile {
    FileDescriptor descriptor;
};

Task<std::size_t> slowly(Stream* stream) {
    std::size_t all = 0;
    while (true) {
        co_await sleep(1ms);
        auto part = co_await stream->read(std::size_t{1} << 20);
        if (!part) co_return all;
        all += part.size();
    }
}

TEST_P(SendfileTest, a_slow_reader_is_waited_for) {
    auto talk = []() -> Task<> {
        std::string block(1 << 20, 'x');
        FileDescriptor file(::memfd_create("file", MFD_CLOEXEC));
        for (int i = 0; i < 32; ++i) EXPECT_EQ(::write(file.fileno(), block.data(), block.size()), 1 << 20);
        auto [a, b] = co_await connected_pair();
        TaskGroup group;
        auto reading = group.spawn(slowly, &b);
        auto sent = co_await a.sendfile(file);
        a.write_eof();
        auto seen = co_await reading;
        EXPECT_EQ(sent, std::size_t{32} << 20);
        EXPECT_EQ(seen, std::size_t{32} << 20);
        co_await group.join();
    };
    run(talk());
}

TEST_P(SendfileTest, a_stream_that_is_aborted_meanwhile_sends_no_more) {
    auto talk = [](OpenFile file) -> Task<> {
        auto [a, b] = co_await connected_pair();
        TaskGroup group;
        auto abort = [](Stream* stream) -> Task<> {
            co_await sleep(5ms);
            stream->abort();
        };
        group.spawn(abort, &a);
        try {
            for (int i = 0; i < 1000; ++i) co_await a.sendfile(file.descriptor);  // nobody reads
            ADD_FAILURE();
        } catch (const ClosedError&) {}
        co_await group.join();
    };
    run(talk(OpenFile{open()}));
}

struct SocketSendfileTest : SendfileTest {};

TEST_P(SocketSendfileTest, a_stream_moves_a_file_inside_the_kernel) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    auto talk = [](SendfileTest* test) -> Task<> {
        auto file = test->open();
        auto [a, b] = co_await connected_pair();
        std::atomic<int> moves = 0, reads = 0;
        testing::Faults count([&](sys::Call call) -> sys::Fault {
            moves += call == sys::Call::sendfile ? 1 : 0;
            reads += call == sys::Call::pread ? 1 : 0;
            return {};
        });
        TaskGroup group;
        auto reading = group.spawn(everything, &b);
        co_await a.sendfile(file);
        a.write_eof();
        auto seen = co_await reading;
        EXPECT_TRUE(seen == test->content);
        EXPECT_GT(moves, 4);
        EXPECT_LE(reads, moves);  // each wait reads a little
        co_await group.join();
    };
    run(talk(this));
}

TEST_P(SocketSendfileTest, a_file_and_a_pipe_are_sent) {
    auto talk = [](SendfileTest* test) -> Task<> {
        auto [near, far] = nonblocking_pair();
        Stream reader = open_stream(std::move(far));
        TaskGroup group;
        auto reading = group.spawn(everything, &reader);
        auto file = test->open();
        auto sent = co_await sock_sendfile(near, file, 1000);
        EXPECT_EQ(sent, test->content.size() - 1000);
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        FileDescriptor read_end(ends[0]), write_end(ends[1]);
        EXPECT_EQ(::write(write_end.fileno(), "from a pipe", 11), 11);
        write_end.close();
        auto piped = co_await sock_sendfile(near, read_end);
        EXPECT_EQ(piped, 11u);
        near.close();
        auto seen = co_await reading;
        EXPECT_TRUE(seen == test->content.substr(1000) + "from a pipe");
        co_await group.join();
        auto datagrams = nonblocking_pair(Kind::datagram);
        try {
            co_await sock_sendfile(datagrams.near, file);
            ADD_FAILURE();
        } catch (const ValueError&) {}
    };
    run(talk(this));
}

BIGHT_ON_KERNEL_ENGINES(SocketCallsTest);
BIGHT_ON_EVERY_ENGINE(SendfileTest);
BIGHT_ON_KERNEL_ENGINES(SocketSendfileTest);

// ---- Names. ------------------------------------------------------------------------------------------------------------

struct ResolverTest : OnEveryEngine {};

TEST_P(ResolverTest, hosts_and_services_are_looked_up) {
    auto talk = []() -> Task<> {
        std::string host = "127.0.0.1";
        auto found = co_await getaddrinfo(host, 80, {.kind = Kind::stream});
        EXPECT_EQ(found.size(), 1u);
        EXPECT_EQ(found.front().address, Address::ip("127.0.0.1", 80));
        auto info = co_await getnameinfo(Address::ip("127.0.0.1", 80), NI_NUMERICHOST | NI_NUMERICSERV);
        EXPECT_EQ(info.host, "127.0.0.1");
        EXPECT_EQ(info.service, "80");
        std::string bad = "300.0.0.1";
        try {
            co_await getaddrinfo(bad, 80, {.flags = AI_NUMERICHOST});
            ADD_FAILURE();
        } catch (const GaiError&) {}
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(ResolverTest);

}  // namespace
}  // namespace bight::asyncio
