// SPDX-License-Identifier: BSL-1.0
// Every call of a scenario fails in turn, with every errno that there is: the documented error or a transparent retry,
// no descriptor left over, no byte lost. Those of servers and selectors are in tests/frameworks/torture_test.cpp.

#include <bight/batch.h>
#include <bight/file_descriptor.h>
#include <bight/message.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/faults.h"
#include "support/torture.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <vector>

namespace bight {
namespace {

using namespace std::chrono_literals;
using testing::every_errno;
using testing::Faults;
using testing::torture;

/// A connection made step by step, so that each of them can fail.
struct Connection {
    explicit Connection(Timeout timeout) {
        listener.settimeout(timeout);
        client.settimeout(timeout);
        listener.bind(Address::ip("127.0.0.1", 0));
        listener.listen(1);
        client.connect(listener.getsockname());
        auto accepted = listener.accept();
        EXPECT_EQ(accepted.peer, client.getsockname());
        server = std::move(accepted.socket);
        server.settimeout(timeout);
    }

    Socket listener, client;
    Socket server = Socket::closed();
};

std::string all_of(Socket& socket) {
    std::string all;
    while (auto data = socket.recv(100)) all += data.view();
    return all;
}

void echo(Timeout timeout) {
    Connection connection(timeout);
    connection.client.sendall("question");
    connection.client.shutdown(SHUT_WR);
    EXPECT_EQ(all_of(connection.server), "question");
    connection.server.sendall("answer");
    connection.server.close();
    EXPECT_EQ(all_of(connection.client), "answer");
    connection.client.close();
    connection.listener.close();
}

void connect_by_name() {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto client = socket::create_connection({"localhost", listener.getsockname().port()}, {.timeout = 5s});
    auto server = listener.accept().socket;
    client.sendall("x");
    EXPECT_EQ(server.recv(5), "x");
}

void over_unix_paths(const testing::TemporaryFolder& folder) {
    auto path = Address::unix_path(folder.path("s"));
    if (!socket::unlink_stale(path))
        raise_os_error(EADDRINUSE, "left behind");  // by the run before, where a call failed
    auto listener = socket::create_server(path);
    auto client = socket::create_connection(path, {.timeout = 5s});
    auto server = listener.accept().socket;
    client.sendall("x");
    EXPECT_EQ(server.recv(5), "x");
}

void udp() {
    Socket one(Family::inet, Kind::datagram), other(Family::inet, Kind::datagram);
    one.settimeout(5s);
    other.settimeout(5s);
    one.bind(Address::ip("127.0.0.1", 0));
    other.bind(Address::ip("127.0.0.1", 0));
    EXPECT_EQ(other.sendto("ping", one.getsockname()), 4u);
    std::array<std::byte, 10> memory;
    auto [data, peer] = one.recvfrom_into(memory);
    EXPECT_EQ(Bytes(data), "ping");
    EXPECT_EQ(peer, other.getsockname());
    one.connect(peer);
    EXPECT_EQ(one.send("pong"), 4u);
    EXPECT_EQ(other.recvfrom(10).data, "pong");
}

void messages() {
    auto [near, far] = socket::socketpair(Family::unix_domain, Kind::seqpacket);
    near.settimeout(5s);
    far.settimeout(5s);
    far.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    EXPECT_EQ(near.sendmsg({"gat", "hered"}), 8u);
    std::array<std::byte, 3> first;
    std::array<std::byte, 9> second;
    std::array<MutableBytes, 2> pieces{first, second};
    auto message = far.recvmsg_into(pieces, 100);
    EXPECT_EQ(message.size, 8u);
    EXPECT_EQ(Bytes(first), "gat");
    EXPECT_EQ(Bytes(second).slice(0, 5), "hered");
    EXPECT_TRUE(message.ancillary.credentials());
    EXPECT_EQ(message.flags & (MSG_TRUNC | MSG_CTRUNC), 0);
}

void descriptors() {
    auto [near, far] = socket::socketpair();
    auto [inside, outside] = socket::socketpair();
    std::array<int, 3> fds{inside.fileno(), inside.fileno(), inside.fileno()};
    EXPECT_EQ(socket::send_fds(near, "x", fds), 1u);
    auto received = socket::recv_fds(far, 1, 2);
    EXPECT_EQ(received.data, "x");
    EXPECT_EQ(received.fds.size(), 2u);
    EXPECT_EQ(received.flags & MSG_CTRUNC, MSG_CTRUNC);  // the third is closed, and told
    auto passed = Socket::adopt(received.fds.at(0).fileno());
    (void)received.fds[0].detach();  // only now: adopt() leaves open what it refuses
    passed.sendall("through");
    EXPECT_EQ(outside.recv(10), "through");
}

void batches() {
    Socket from(Family::inet, Kind::datagram), to(Family::inet, Kind::datagram);
    to.bind(Address::ip("127.0.0.1", 0));
    to.settimeout(5s);
    from.connect(to.getsockname());
    const std::vector<std::string> sent{"one", "two", "three", "five5", "x"};
    SendBatch batch;
    for (const auto& text : sent) batch.add(text);
    while (!batch.empty()) from.sendmmsg(batch);
    std::vector<std::string> came;
    ReceiveBatch room(3, 100);
    while (came.size() < sent.size())
        for (auto datagram : to.recvmmsg(room)) came.emplace_back(datagram.data.view());
    EXPECT_EQ(came, sent);
}

void send_a_file(const std::string& path, const std::string& contents, Timeout timeout) {
    auto file = FileDescriptor::open(path);
    Connection connection(timeout);
    EXPECT_EQ(connection.client.sendfile(file, 1), contents.size() - 1);
    connection.client.close();
    EXPECT_EQ(all_of(connection.server), contents.substr(1));
}

void files(Timeout timeout) {
    Connection connection(timeout);
    auto both = connection.client.makefile(socket::rwb, 8);
    auto reader = connection.server.makefile(socket::rb, 4);
    both.write("a line\nanother one\n");
    both.flush();
    EXPECT_EQ(reader.readline(), "a line\n");
    connection.server.sendall("answer\n");
    EXPECT_EQ(both.readline(), "answer\n");
    connection.client.shutdown(SHUT_WR);
    EXPECT_EQ(reader.read_all(), "another one\n");
}

TEST(EveryErrno, echo_blocking) {
    torture("echo, blocking", [] { echo(std::nullopt); }, every_errno());
}
TEST(EveryErrno, echo_with_a_limit) {
    torture("echo, with a limit", [] { echo(5s); }, every_errno());
}
TEST(EveryErrno, create_connection_by_name) { torture("create_connection", connect_by_name, every_errno()); }
TEST(EveryErrno, unix_paths) {
    testing::TemporaryFolder folder;
    torture("unix paths", [&] { over_unix_paths(folder); }, every_errno());
}
TEST(EveryErrno, udp) { torture("udp", udp, every_errno()); }
TEST(EveryErrno, messages) { torture("messages", messages, every_errno()); }
TEST(EveryErrno, descriptors) { torture("descriptors", descriptors, every_errno()); }
TEST(EveryErrno, batches) { torture("batches", batches, every_errno()); }
TEST(EveryErrno, files) {
    torture("files, blocking", [] { files(std::nullopt); }, every_errno());
    torture("files, with a limit", [] { files(5s); }, every_errno());
}
TEST(EveryErrno, a_file_that_is_sent) {
    testing::TemporaryFolder folder;
    std::string contents = "the contents of a file", path = folder.path("file");
    std::ofstream(path) << contents;
    torture("sendfile, blocking", [&] { send_a_file(path, contents, std::nullopt); }, every_errno());
    torture("sendfile, with a limit", [&] { send_a_file(path, contents, 5s); }, every_errno());
}

// B061: no room in the kernel is an error of one call; the socket works on.
TEST(EveryErrno, of_no_buffers_ends_one_call_only) {
    using enum sys::Call;
    auto [near, far] = socket::socketpair(Family::unix_domain, Kind::datagram);
    std::array<Bytes, 1> piece{"x"};
    SendBatch batch;
    batch.add("x");
    for (int errnum : {ENOBUFS, ENOMEM}) {
        Faults faults([&](sys::Call call) {
            return call == send || call == sendmsg || call == sendmmsg ? sys::Fault{errnum} : sys::Fault{};
        });
        EXPECT_EQ(near.try_send("x").error().number(), errnum);
        EXPECT_EQ(near.try_sendmsg(piece).error().number(), errnum);
        EXPECT_EQ(near.try_sendmmsg(batch).error().number(), errnum);
    }
    near.send("after");
    EXPECT_EQ(near.sendmmsg(batch), 1u);
    EXPECT_EQ(far.recv(10), "after");
    EXPECT_EQ(far.recv(10), "x");
}

}  // namespace
}  // namespace bight
