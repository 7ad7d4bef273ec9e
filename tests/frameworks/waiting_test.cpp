// SPDX-License-Identifier: BSL-1.0
// Servers that wait do so asleep: without descriptors, for peers that were reset or do not read, and after a wake-up that
// nobody meant.

#include <bight/socketserver.h>

#include "frameworks/exhaustion.h"
#include "frameworks/serving.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// The processes that take requests of a server, which all wait for one.
template <class Server>
std::vector<int> serving_processes(Server& server) {
    if constexpr (requires { server.workers(); }) {
        std::size_t count = server.prefork_options().workers;
        if (server.socket().kind() == Kind::stream) {
            std::deque<Client> one_for_each;
            for (std::size_t i = 0; i < count; ++i) {
                one_for_each.emplace_back(server.server_address());
                EXPECT_EQ(one_for_each.back().ask(), "x\n");
            }
        }
        EXPECT_TRUE(soon([&] { return server.workers().size() == count && server.counters().running == 0; }));
        return server.workers();
    }
    return {::getpid()};
}

// ---- Without descriptors. ----------------------------------------------------------------------------------------------

template <class Kind>
class Exhausted : public ::testing::Test {};
using Streams =
    ::testing::Types<Internet<TCPServer<Echo>>, Internet<ThreadingTCPServer<Echo>>, Internet<ForkingTCPServer<Echo>>,
                     Internet<PoolTCPServer<Echo>>, Internet<PreforkTCPServer<Echo>>, Unix<UnixStreamServer<Echo>>,
                     Unix<ThreadingUnixStreamServer<Echo>>, Unix<ForkingUnixStreamServer<Echo>>,
                     Unix<PoolUnixStreamServer<Echo>>, Unix<PreforkUnixStreamServer<Echo>>>;
TYPED_TEST_SUITE(Exhausted, Streams);

// B027: a real limit, and what it costs to wait for its end.
TYPED_TEST(Exhausted, of_descriptors_a_server_neither_spins_nor_stays_so) {
    typename TypeParam::Server server(TypeParam::bound());
    Serving serving(server);  // nobody came before: what a server closes late would be a descriptor to have
    Socket waits(server.server_address().family(), Kind::stream);
    waits.settimeout(20s);
    auto processes = serving_processes(server);
    ProcessorTime spent;
    auto limited = std::make_unique<NoDescriptors>(std::move(processes));
    waits.connect(server.server_address());
    waits.sendall("x\n");
    waits.settimeout(1s);  // the time it is watched for
    EXPECT_FALSE(waits.try_recv(10).has_value());
    limited.reset();
    EXPECT_LT(spent.seconds(), little);
    auto begin = Clock::now();
    waits.settimeout(20s);
    EXPECT_EQ(waits.recv(10), "x\n");
    EXPECT_LT(Clock::now() - begin, 10s);
    (void)::shutdown(waits.fileno(), SHUT_WR);
}

template <class Kind>
class ExhaustedPort : public ::testing::Test {};
using Datagrams = ::testing::Types<Internet<UDPServer<EchoPacket>>, Internet<ThreadingUDPServer<EchoPacket>>,
                                   Internet<ForkingUDPServer<EchoPacket>>, Internet<PoolUDPServer<EchoPacket>>,
                                   Internet<PreforkUDPServer<EchoPacket>>, Unix<UnixDatagramServer<EchoPacket>>,
                                   Unix<PreforkUnixDatagramServer<EchoPacket>>>;
TYPED_TEST_SUITE(ExhaustedPort, Datagrams);

// A datagram needs no descriptor: those servers go on.
TYPED_TEST(ExhaustedPort, of_descriptors_a_server_answers_all_the_same) {
    typename TypeParam::Server server(TypeParam::bound());
    Serving serving(server);
    Socket client(server.server_address().family(), Kind::datagram);
    client.settimeout(20s);
    if (client.family() == Family::unix_domain) client.bind(Address::unnamed());
    NoDescriptors limited(serving_processes(server));
    for (int i = 0; i < 5; ++i) {
        client.sendto("packet", server.server_address());
        EXPECT_EQ(client.recv(10), "packet");
    }
}

// ---- Peers that are reset, or do not read. -----------------------------------------------------------------------------

/// What handlers, wherever they run, say to the test, and what they wait for.
struct Talk {
    Talk() : told(socket::socketpair()), gate(socket::socketpair()) { told.first.settimeout(20s); }
    std::string heard() { return told.first.recv(1).to_string(); }
    socket::SocketPair told, gate;
};
std::optional<Talk> talk;

const std::string much(std::size_t{8} << 20, 'x');

/// Does what the first line says: reads, writes more than fits, or looks at nothing until it is told to go on.
struct Obeys : StreamRequestHandler {
    void handle() override {
        auto what = rfile.readline();
        talk->told.second.sendall("b");
        if (what == "pause\n") (void)talk->gate.second.recv(1);
        if (what == "write\n") wfile.write(much);
        (void)rfile.readline();
    }
};

template <class Base>
struct Tells : Base {
    using Base::Base;
    ~Tells() override { this->server_close(); }
    void handle_error(Request&, const Address&) override { talk->told.second.sendall("e"); }
};

template <class Server>
class Peers : public ::testing::Test {
protected:
    void SetUp() override { talk.emplace(); }
    void TearDown() override { talk.reset(); }

    static Socket client_that_says(Tells<Server>& server, Bytes what) {
        auto client = socket::create_connection(server.server_address(), {.timeout = 20s});
        client.sendall(what);
        EXPECT_EQ(talk->heard(), "b");
        return client;
    }

    /// Children have copies, so closing it would not do.
    static void reset(const Socket& client) {
        sockaddr nowhere{.sa_family = AF_UNSPEC, .sa_data = {}};
        EXPECT_EQ(::connect(client.fileno(), &nowhere, sizeof nowhere), 0);
    }

    /// What all processes took of the processor within half a second.
    static double busy_for_half_a_second() {
        ProcessorTime spent;
        talk->told.first.settimeout(500ms);  // the time they are watched for
        EXPECT_FALSE(talk->told.first.try_recv(1).has_value());
        talk->told.first.settimeout(20s);
        return spent.seconds();
    }
};
using TcpServers = ::testing::Types<TCPServer<Obeys>, ThreadingTCPServer<Obeys>, ForkingTCPServer<Obeys>,
                                    PoolTCPServer<Obeys>, PreforkTCPServer<Obeys>>;
TYPED_TEST_SUITE(Peers, TcpServers);

// B028
TYPED_TEST(Peers, that_are_reset_are_told_of_once_and_cost_nothing_more) {
    Tells<TypeParam> server(any_port);
    Serving serving(server);
    for (auto what : {"read\n", "write\n", "pause\n"}) {
        auto client = this->client_that_says(server, std::string_view(what));
        this->reset(client);
        if (what == std::string_view("pause\n")) {
            EXPECT_LT(this->busy_for_half_a_second(), little);
            talk->gate.first.sendall("g");
        }
        EXPECT_EQ(talk->heard(), "e") << what;
    }
    EXPECT_LT(this->busy_for_half_a_second(), little);  // and nothing is told again
}

// B066
TYPED_TEST(Peers, that_do_not_read_are_waited_for_asleep) {
    Tells<TypeParam> server(any_port);
    Serving serving(server);
    auto client = this->client_that_says(server, "write\n");
    EXPECT_LT(this->busy_for_half_a_second(), little);
    std::size_t got = 0;
    while (got < much.size()) got += client.recv(std::size_t{1} << 20).size();
    client.close();
}

// ---- Wake-ups. ---------------------------------------------------------------------------------------------------------

/// The eventfds of this process.
std::vector<int> eventfds() {
    std::vector<int> found;
    for (auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone).string() == "anon_inode:[eventfd]")
            found.push_back(std::stoi(entry.path().filename().string()));
    }
    return found;
}

// B065: a program that closes every descriptor, say. The loop would find that "ready" for ever.
TEST(WakeUp, that_was_closed_under_the_loop_is_an_error_of_the_loop) {
    ASSERT_TRUE(eventfds().empty());
    TCPServer<Echo> server(any_port);
    ASSERT_EQ(eventfds().size(), 1u);
    std::exception_ptr raised;
    std::thread thread([&] {
        try {
            server.serve_forever(10ms);
        } catch (...) {
            raised = std::current_exception();
        }
    });
    { EXPECT_EQ(Client(server.server_address()).ask(), "x\n"); }
    ::close(eventfds().front());
    thread.join();
    ASSERT_TRUE(raised);
    try {
        std::rethrow_exception(raised);
    } catch (const OSError& error) {
        EXPECT_EQ(error.errnum(), EBADF);
    }
}

// B065: rung by nobody who wants anything, it is put right.
TEST(WakeUp, that_nobody_meant_keeps_no_loop_awake) {
    ASSERT_TRUE(eventfds().empty());
    TCPServer<Echo> server(any_port);
    auto wake = eventfds();
    ASSERT_EQ(wake.size(), 1u);
    Serving serving(server);
    { EXPECT_EQ(Client(server.server_address()).ask(), "x\n"); }
    ASSERT_EQ(::eventfd_write(wake.front(), 1), 0);
    pollfd rung{wake.front(), POLLIN, 0};
    EXPECT_TRUE(soon([&] { return ::poll(&rung, 1, 0) == 0; }));
    auto silent = socket::socketpair();
    silent.first.settimeout(500ms);  // the time it is watched for
    ProcessorTime spent;
    EXPECT_FALSE(silent.first.try_recv(1).has_value());
    EXPECT_LT(spent.seconds(), little);
    EXPECT_EQ(Client(server.server_address()).ask(), "x\n");
}

// ---- What ended requests leave behind. ---------------------------------------------------------------------------------

std::size_t threads() {
    return static_cast<std::size_t>(std::ranges::distance(std::filesystem::directory_iterator("/proc/self/task")));
}

std::size_t resident_pages() {
    std::size_t size = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return resident;
}

template <class Kind>
class Ended : public ::testing::Test {};
using InThreads = ::testing::Types<Unix<ThreadingUnixStreamServer<Echo>>, Internet<ThreadingUDPServer<EchoPacket>>,
                                   Unix<PoolUnixStreamServer<Echo>>, Internet<PoolUDPServer<EchoPacket>>,
                                   Unix<PreforkUnixStreamServer<Echo>>, Internet<PreforkUDPServer<EchoPacket>>>;
TYPED_TEST_SUITE(Ended, InThreads);

// B100
TYPED_TEST(Ended, requests_leave_neither_threads_nor_memory_behind) {
    std::string first;
    std::jthread([&] { first = "/proc/self/task/" + std::to_string(::gettid()); }).join();
    ASSERT_TRUE(soon([&] { return !std::filesystem::exists(first); }));  // ThreadSanitizer's own, begun with it, stays
    auto before = threads();
    typename TypeParam::Server server(TypeParam::bound());
    auto where = server.server_address();
    bool stream = server.socket().kind() == Kind::stream;
    auto ask = [&](int times) {
        for (int i = 0; i < times; ++i) {
            Socket client(where.family(), stream ? Kind::stream : Kind::datagram);
            client.settimeout(20s);
            client.connect(where);
            client.sendall("x\n");
            EXPECT_EQ(client.recv(10), "x\n");
            (void)::shutdown(client.fileno(), SHUT_WR);  // workers that began meanwhile have copies of it
        }
    };
    {
        Serving serving(server);
        ask(500);
        // More threads at once than ever before take memory that stays; a request that left some behind would do so each
        // time.
        bool grows = true;
        for (int round = 0; grows && round < 5; ++round) {
            auto warm = resident_pages();
            ask(3000);
            grows = !sanitizer_keeps_memory && resident_pages() >= warm + (std::size_t{1} << 20) / 4096;
        }
        EXPECT_FALSE(grows);
        auto most = before + 2 + 4 * std::max(std::thread::hardware_concurrency(), 1u);
        EXPECT_TRUE(soon([&] { return threads() <= most; }));
    }
    EXPECT_TRUE(soon([&] { return threads() == before; }));
}

}  // namespace
}  // namespace bight::socketserver
