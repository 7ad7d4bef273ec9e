// SPDX-License-Identifier: BSL-1.0
// What servers of every kind do where something runs out, or a peer behaves badly.

#include <bight/socketserver.h>

#include "frameworks/serving.h"
#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

namespace bight::socketserver {
namespace {

using namespace std::chrono_literals;
// ---- The end of a connection. ------------------------------------------------------------------------------------------

struct Answers : StreamRequestHandler {
    void handle() override {
        (void)rfile.readline();
        wfile.write(std::string(std::size_t{64} << 10, 'a'));
    }
};

template <class Server>
class EarlyAnswer : public ::testing::Test {};
using Answering = ::testing::Types<TCPServer<Answers>, ThreadingTCPServer<Answers>, ForkingTCPServer<Answers>,
                                   PoolTCPServer<Answers>, PreforkTCPServer<Answers>>;
TYPED_TEST_SUITE(EarlyAnswer, Answering);

// B050: the client still sends what nobody will read; a reset would overtake the answer.
TYPED_TEST(EarlyAnswer, is_not_lost_to_a_reset) {
    TypeParam server(any_port, {.request_queue_size = 128});
    Serving serving(server);
    const std::string much = "request\n" + std::string(std::size_t{1} << 20, 'r');
    for (int i = 0; i < 50; ++i) {
        auto client = socket::create_connection(server.server_address(), {.timeout = 20s});
        client.sendall(much);
        client.shutdown(SHUT_WR);
        std::size_t got = 0;
        while (auto data = client.recv(std::size_t{64} << 10)) got += data.size();
        EXPECT_EQ(got, std::size_t{64} << 10);
    }
}

// B051: the same over a Unix socket, whose end is another in the kernel.
TEST(EarlyAnswerOf, a_unix_server_is_not_lost_either) {
    testing::TemporaryFolder folder;
    ThreadingUnixStreamServer<Answers> server(folder.path("s"));
    Serving serving(server);
    for (int i = 0; i < 50; ++i) {
        auto client = socket::create_connection(server.server_address(), {.timeout = 20s});
        client.sendall("request\n" + std::string(std::size_t{1} << 20, 'r'));
        client.shutdown(SHUT_WR);
        std::size_t got = 0;
        while (auto data = client.recv(std::size_t{64} << 10)) got += data.size();
        EXPECT_EQ(got, std::size_t{64} << 10);
    }
}

// A client that never ends holds its own thread up for a second, and nobody else.
TEST(EarlyAnswerOf, one_client_does_not_wait_for_another_for_long) {
    ThreadingTCPServer<Answers> server(any_port);
    Serving serving(server);
    auto rude = socket::create_connection(server.server_address(), {.timeout = 20s});
    rude.sendall("request\n" + std::string(std::size_t{256} << 10, 'r'));
    EXPECT_TRUE(soon([&] { return server.active_threads() == 0; }));
}

// One that goes on sending is thrown out after so many bytes, and not after so long: the reset ends its sending.
TYPED_TEST(EarlyAnswer, a_client_that_goes_on_sending_is_reset) {
    TypeParam server(any_port);
    Serving serving(server);
    auto rude = socket::create_connection(server.server_address(), {.timeout = 20s});
    const std::string much(std::size_t{64} << 10, 'r');
    auto go_on = [&] {
        rude.sendall("request\n");
        for (int i = 0; i < 1000; ++i) rude.sendall(much);
    };
    EXPECT_THROW(go_on(), ConnectionError);
}

// ---- Paths. ------------------------------------------------------------------------------------------------------------

// B056: there is no moment in which others may connect.
TEST(UnixMode, is_never_wider_than_asked) {
    testing::TemporaryFolder folder;
    auto path = folder.path("s");
    auto umask_before = ::umask(0);
    std::atomic<bool> over = false;
    std::atomic<int> seen = 0, wide = 0;
    std::thread watches([&] {
        struct stat status{};
        while (!over)
            if (::stat(path.c_str(), &status) == 0) ++seen, wide += (status.st_mode & 077) != 0;
    });
    for (int i = 0; i < 200 || (seen < 20 && i < 20000); ++i) {
        UnixStreamServer<Echo> server(path, {.unix_mode = 0600});
        struct stat status{};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u);
        server.server_close();
        ::unlink(path.c_str());
    }
    over = true;
    watches.join();
    ::umask(umask_before);
    EXPECT_GT(seen, 0);
    EXPECT_EQ(wide, 0);
}

}  // namespace
}  // namespace bight::socketserver
