// SPDX-License-Identifier: BSL-1.0
// Every call that a scenario makes is made to fail in turn, with every errno of a list: after curl's torture tests.

#include <bight/select.h>
#include <bight/selectors.h>
#include <bight/socket.h>
#include <bight/socketserver.h>

#include "support/faults.h"
#include "support/torture.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::Faults;
using testing::Scenario;

void exchange(Socket& one, Socket& other) {
    one.sendall("question");
    std::string question;
    while (question.size() < 8) question += other.recv(8 - question.size()).view();
    EXPECT_EQ(question, "question");
    other.sendall("answer");
    other.shutdown(SHUT_WR);
    std::string answer;
    while (auto data = one.recv(100)) answer += data.view();
    EXPECT_EQ(answer, "answer");
}

void tcp_echo(Timeout timeout) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    listener.settimeout(timeout);
    auto client = socket::create_connection(listener.getsockname(), {.timeout = timeout});
    auto [server, peer] = listener.accept();
    EXPECT_EQ(peer, client.getsockname());
    server.settimeout(timeout);
    exchange(client, server);
    server.close();
    client.close();
}

void unix_files() {
    auto [near, far] = socket::socketpair();
    auto writer = near.makefile(socket::wb, 16);
    auto reader = far.makefile(socket::rb, 4);
    writer.write("a line\n");
    writer.write("another\n");
    writer.flush();
    near.shutdown(SHUT_WR);
    EXPECT_EQ(reader.readline(), "a line\n");
    EXPECT_EQ(reader.read_all(), "another\n");
    writer.close();
    reader.close();
}

void datagrams() {
    Socket one(Family::inet, Kind::datagram), other(Family::inet, Kind::datagram);
    one.settimeout(5s);
    one.bind({"127.0.0.1", 0});
    other.bind({"127.0.0.1", 0});
    other.sendto("ping", one.getsockname());
    auto [data, peer] = one.recvfrom(100);
    EXPECT_EQ(data, "ping");
    one.connect(peer);
    one.send("pong");
    EXPECT_EQ(other.recv(100), "pong");
}

void dispatch(selectors::Method method) {
    Selector<int> selector(method);
    auto [near, far] = socket::socketpair();
    selector.add(near, Ready::read, 7);
    far.sendall("x");
    auto events = selector.select(5s);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].key->data, 7);
    selector.modify(near, Ready::read | Ready::write);
    EXPECT_EQ(selector.select(5s).size(), 1u);
    selector.remove(near);
    EXPECT_EQ(select::select({near}, {}, {}, 5s).readable.size(), 1u);
}

struct Answer : socketserver::StreamRequestHandler {
    void handle() override { wfile.write(rfile.readline()); }
};

void one_request() {
    struct Quiet : socketserver::TCPServer<Answer> {
        using TCPServer::TCPServer;
        void handle_error(socketserver::Request&, const Address&) override { failed = true; }
        bool failed = false;
    } server({"127.0.0.1", 0});
    server.timeout = 5s;
    auto client = socket::create_connection(server.server_address());
    client.sendall("served\n");
    server.handle_request();
    client.settimeout(testing::has_fault() ? Duration(1ms) : 20s);  // with one, perhaps nobody has answered
    auto answer = client.try_recv(100);
    bool answered = answer && *answer == "served\n";
    bool silent = !answer || answer->empty();
    EXPECT_TRUE(answered || silent);
    if (!answered) raise_os_error(EIO, "no answer");
}

/// Those that the calls of these scenarios are most likely to fail with.
constexpr std::array usual{EINTR,  EAGAIN, EBADF,   ECONNABORTED, ECONNREFUSED, ECONNRESET, EINVAL, EIO,
                           EMFILE, ENFILE, ENOBUFS, ENOMEM,       ENOTCONN,     EPERM,      EPIPE,  ETIMEDOUT};

void torture(const char* name, const Scenario& scenario) { testing::torture(name, scenario, usual); }

TEST(Torture, tcp_blocking) {
    torture("tcp, blocking", [] { tcp_echo(std::nullopt); });
}
TEST(Torture, tcp_with_a_limit) {
    torture("tcp, with a limit", [] { tcp_echo(5s); });
}
TEST(Torture, unix_files) { torture("unix, files", unix_files); }
TEST(Torture, datagrams) { torture("datagrams", datagrams); }
TEST(Torture, select_and_epoll) {
    torture("epoll", [] { dispatch(selectors::Method::epoll); });
}
TEST(Torture, select_and_poll) {
    torture("poll", [] { dispatch(selectors::Method::poll); });
}
TEST(Torture, select_and_select) {
    torture("select", [] { dispatch(selectors::Method::select); });
}
TEST(Torture, a_request_of_a_server) { torture("socketserver", one_request); }

// An interruption is no error, whichever call it meets that can wait.
TEST(Torture, an_interruption_is_never_seen) {
    using enum sys::Call;
    for (auto waits : {accept4, epoll_wait, poll, recv, recvfrom, select, send, sendto})
        for (const auto& scenario : {Scenario([] { tcp_echo(5s); }), Scenario(unix_files), Scenario(datagrams),
                                     Scenario([] { dispatch(selectors::Method::epoll); })}) {
            int left = 3;
            Faults faults(
                [&](sys::Call call) { return call == waits && left-- > 0 ? sys::Fault{EINTR} : sys::Fault{}; });
            EXPECT_NO_THROW(scenario()) << static_cast<int>(waits);
        }
}

}  // namespace
}  // namespace bight
