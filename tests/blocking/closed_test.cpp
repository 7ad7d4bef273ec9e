// SPDX-License-Identifier: BSL-1.0
// What others may rely on: a closed socket says so from each of its methods, closes nobody else's descriptor, raises no
// signal, and leaves to other users what is theirs.

#include <bight/batch.h>
#include <bight/file_descriptor.h>
#include <bight/message.h>
#include <bight/options.h>
#include <bight/socket.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;

// ---- After the end. ----------------------------------------------------------------------------------------------------

using Methods = std::map<std::string, std::function<void(Socket&)>>;

/// Those that move data or make connections; what has two forms has both.
Methods moving_methods() {
    static const auto where = Address::ip("127.0.0.1", 9);
    static const HostPort named("localhost", 9);
    static const Bytes data("x");
    static std::array<std::byte, 4> memory;
    static const std::array<MutableBytes, 1> pieces{MutableBytes(memory)};
    return {
        {"accept", [](Socket& s) { s.accept(); }},
        {"bind", [](Socket& s) { s.bind(where); }},
        {"bind HostPort", [](Socket& s) { s.bind(named); }},
        {"connect", [](Socket& s) { s.connect(where); }},
        {"connect HostPort", [](Socket& s) { s.connect(named); }},
        {"recv", [](Socket& s) { s.recv(1); }},
        {"recv_into", [](Socket& s) { s.recv_into(memory); }},
        {"recv_into nothing", [](Socket& s) { s.recv_into({}); }},
        {"recvfrom", [](Socket& s) { s.recvfrom(1); }},
        {"recvfrom_into", [](Socket& s) { s.recvfrom_into(memory); }},
        {"recvmsg", [](Socket& s) { s.recvmsg(1); }},
        {"recvmsg_into", [](Socket& s) { s.recvmsg_into(pieces); }},
        {"recvmmsg",
         [](Socket& s) {
             ReceiveBatch batch(1, 1);
             s.recvmmsg(batch);
         }},
        {"send", [](Socket& s) { s.send(data); }},
        {"sendall", [](Socket& s) { s.sendall(data); }},
        {"sendall nothing", [](Socket& s) { s.sendall(""); }},
        {"sendfile", [](Socket& s) { s.sendfile(0); }},
        {"sendfile FileDescriptor", [](Socket& s) { s.sendfile(FileDescriptor::open("/dev/null")); }},
        {"sendmsg_afalg", [](Socket& s) { s.sendmsg_afalg({data}, {.op = 0}); }},
        {"sendmsg", [](Socket& s) { s.sendmsg({data}); }},
        {"sendmmsg",
         [](Socket& s) {
             SendBatch batch;
             batch.add(data);
             s.sendmmsg(batch);
         }},
        {"sendto", [](Socket& s) { s.sendto(data, where); }},
        {"sendto HostPort", [](Socket& s) { s.sendto(data, named); }},
    };
}

/// The others.
Methods asking_methods() {
    return {
        {"detach", [](Socket& s) { (void)s.detach(); }},
        {"dup", [](Socket& s) { (void)s.dup(); }},
        {"family", [](Socket& s) { (void)s.family(); }},
        {"get_inheritable", [](Socket& s) { (void)s.get_inheritable(); }},
        {"getblocking", [](Socket& s) { (void)s.getblocking(); }},
        {"getpeername", [](Socket& s) { (void)s.getpeername(); }},
        {"getsockname", [](Socket& s) { (void)s.getsockname(); }},
        {"getsockopt", [](Socket& s) { (void)s.getsockopt(SOL_SOCKET, SO_TYPE); }},
        {"getsockopt bytes", [](Socket& s) { (void)s.getsockopt(SOL_SOCKET, SO_TYPE, 4); }},
        {"gettimeout", [](Socket& s) { (void)s.gettimeout(); }},
        {"kind", [](Socket& s) { (void)s.kind(); }},
        {"listen", [](Socket& s) { s.listen(); }},
        {"makefile rb", [](Socket& s) { (void)s.makefile(socket::rb); }},
        {"makefile wb", [](Socket& s) { (void)s.makefile(socket::wb); }},
        {"makefile rwb", [](Socket& s) { (void)s.makefile(socket::rwb); }},
        {"proto", [](Socket& s) { (void)s.proto(); }},
        {"set_inheritable", [](Socket& s) { s.set_inheritable(true); }},
        {"set", [](Socket& s) { s.set(options::tcp_no_delay, true); }},
        {"get", [](Socket& s) { (void)s.get(options::tcp_no_delay); }},
        {"setblocking", [](Socket& s) { s.setblocking(false); }},
        {"setsockopt", [](Socket& s) { s.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1); }},
        {"setsockopt bytes", [](Socket& s) { s.setsockopt(SOL_SOCKET, SO_KEEPALIVE, Bytes("x")); }},
        {"setsockopt nothing", [](Socket& s) { s.setsockopt(SOL_SOCKET, SO_KEEPALIVE, nullptr, 4); }},
        {"settimeout", [](Socket& s) { s.settimeout(1s); }},
        {"shutdown", [](Socket& s) { s.shutdown(SHUT_RDWR); }},
    };
}

/// Every method that can raise, by name.
Methods raising_methods() {
    auto all = moving_methods();
    all.merge(asking_methods());
    return all;
}

/// Those that return their error.
std::map<std::string, std::function<Errno(Socket&)>> returning_methods() {
    static const auto where = Address::ip("127.0.0.1", 9);
    static const Bytes data("x");
    static std::array<std::byte, 4> memory;
    static const std::array<MutableBytes, 1> pieces{MutableBytes(memory)};
    static const std::array<Bytes, 1> out{data};
    return {
        {"connect_ex", [](Socket& s) { return Errno(s.connect_ex(where)); }},
        {"try_accept", [](Socket& s) { return s.try_accept().error(); }},
        {"try_connect", [](Socket& s) { return s.try_connect(where).error(); }},
        {"try_recv", [](Socket& s) { return s.try_recv(1).error(); }},
        {"try_recv_into", [](Socket& s) { return s.try_recv_into(memory).error(); }},
        {"try_recvfrom", [](Socket& s) { return s.try_recvfrom(1).error(); }},
        {"try_recvfrom_into", [](Socket& s) { return s.try_recvfrom_into(memory).error(); }},
        {"try_recvmsg", [](Socket& s) { return s.try_recvmsg(1).error(); }},
        {"try_recvmsg_into", [](Socket& s) { return s.try_recvmsg_into(pieces).error(); }},
        {"try_recvmmsg",
         [](Socket& s) {
             ReceiveBatch batch(1, 1);
             return s.try_recvmmsg(batch).error();
         }},
        {"try_send", [](Socket& s) { return s.try_send(data).error(); }},
        {"try_sendall", [](Socket& s) { return s.try_sendall(data).error(); }},
        {"try_sendfile", [](Socket& s) { return s.try_sendfile(0).error(); }},
        {"try_sendmsg", [](Socket& s) { return s.try_sendmsg(out).error(); }},
        {"try_sendmmsg",
         [](Socket& s) {
             SendBatch batch;
             return s.try_sendmmsg(batch).error();
         }},
        {"try_sendto", [](Socket& s) { return s.try_sendto(data, where).error(); }},
    };
}

void expect_closed(Socket& socket, const char* how) {
    EXPECT_EQ(socket.fileno(), -1);
    for (const auto& [name, call] : raising_methods()) {
        try {
            call(socket);
            ADD_FAILURE() << name << " went well, " << how;
        } catch (const ClosedError& error) {
            EXPECT_EQ(error.errnum(), EBADF) << name;
        } catch (const std::exception& error) {
            ADD_FAILURE() << name << ", " << how << ": " << error.what();
        }
    }
    for (const auto& [name, call] : returning_methods()) EXPECT_EQ(call(socket).number(), EBADF) << name << ", " << how;
    EXPECT_NO_THROW(socket.close());
}

TEST(AfterTheEnd, every_method_says_that_it_is_closed) {
    Socket closed, moved, detached;
    closed.close();
    expect_closed(closed, "after close()");
    Socket other = std::move(moved);
    expect_closed(moved, "moved from");
    Socket again = Socket::adopt(detached.detach());
    expect_closed(detached, "detached");
    Socket never = Socket::closed();
    expect_closed(never, "never open");
}

/// The list above is the header's: a new method has to be put there.
TEST(AfterTheEnd, no_method_is_left_out) {
    std::ifstream header("include/bight/socket.h");
    std::string text{std::istreambuf_iterator<char>(header), {}};
    auto begin = text.find("class Socket {"), end = text.find("private:", begin);
    ASSERT_NE(end, text.npos);
    std::string body = std::regex_replace(text.substr(begin, end - begin), std::regex("//[^\n]*"), "");
    std::set<std::string> declared;
    std::regex method(R"(\n    (?:\[\[nodiscard\]\] )?[A-Za-z][\w:<>& ]* ([a-z_]+)\()");
    for (std::sregex_iterator found(body.begin(), body.end(), method), none; found != none; ++found)
        declared.insert((*found)[1]);
    for (const char* other : {"adopt", "closed", "close", "fileno"}) EXPECT_EQ(declared.erase(other), 1u) << other;
    std::set<std::string> listed;
    for (const auto& [name, call] : raising_methods()) listed.insert(name.substr(0, name.find(' ')));
    for (const auto& [name, call] : returning_methods()) listed.insert(name);
    EXPECT_EQ(declared, listed);
}

// B033: a descriptor is closed once, by its owner; what has its number next is somebody else's.
TEST(AfterTheEnd, nobody_closes_the_next_owner_of_the_number) {
    auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) != -1; };
    std::vector<int> decoys;
    auto take_the_number_of = [&](int fd) {
        while (decoys.empty() || decoys.back() < fd) decoys.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        EXPECT_EQ(std::count(decoys.begin(), decoys.end(), fd), 1);
    };
    {
        auto [near, far] = socket::socketpair();
        auto reader = near.makefile(socket::rb);
        int number = near.fileno();
        near.close();
        near.close();
        EXPECT_TRUE(is_open(number));  // the file goes on with it
        reader.close();
        EXPECT_FALSE(is_open(number));
        take_the_number_of(number);
        reader.close();
        near.close();
        number = far.fileno();
        Socket copy = std::move(far);
        copy = Socket::closed();
        take_the_number_of(number);
        far.close();
    }
    for (int fd : decoys) EXPECT_EQ(::close(fd), 0) << fd;
}

// ---- Signals and users. ------------------------------------------------------------------------------------------------

// B040: SIGPIPE is at its default here, so one of these would be the end of this process.
TEST(NoSignal, comes_of_any_way_to_send_to_a_peer_that_is_gone) {
    struct sigaction now{};
    ASSERT_EQ(::sigaction(SIGPIPE, nullptr, &now), 0);
    ASSERT_EQ(now.sa_handler, SIG_DFL);
    testing::TemporaryFolder folder;
    std::ofstream(folder.path("file")) << "contents";
    auto file = FileDescriptor::open(folder.path("file"));
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    FileDescriptor out(ends[0]), in(ends[1]);
    ASSERT_EQ(::write(in.fileno(), "x", 1), 1);
    std::array<int, 1> fds{file.fileno()};
    const std::map<std::string, std::function<void(Socket&)>> ways{
        {"send", [](Socket& s) { s.send("x"); }},
        {"sendall", [](Socket& s) { s.sendall("x"); }},
        {"sendmsg", [](Socket& s) { s.sendmsg({"x"}); }},
        {"send_fds", [&](Socket& s) { socket::send_fds(s, "x", fds); }},
        {"sendfile", [&](Socket& s) { s.sendfile(file); }},
        {"sendfile of a pipe", [&](Socket& s) { s.sendfile(out, 0, 1); }},
        {"makefile",
         [](Socket& s) {
             auto writer = s.makefile(socket::wb, 0);
             writer.write("x");
         }},
    };
    for (const auto& [name, send] : ways) {
        auto [near, far] = socket::socketpair();
        far.close();
        EXPECT_THROW(send(near), BrokenPipeError) << name;
    }
    auto [near, far] = socket::socketpair(Family::unix_domain, Kind::seqpacket);
    far.close();
    SendBatch batch;
    batch.add("x");
    EXPECT_THROW(near.sendmmsg(batch), BrokenPipeError);
}

/// What `work` returns, in a child of another user.
int as_nobody(const std::function<int()>& work) {
    pid_t child = ::fork();
    if (child == 0) ::_exit(::setresuid(65534, 65534, 65534) == 0 ? work() : 99);
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

// B053: another user cannot take our datagrams, even by asking for SO_REUSEADDR: we have not.
TEST(OtherUsers, cannot_bind_to_our_port) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
    for (Kind kind : {Kind::datagram, Kind::stream}) {
        Socket ours(Family::inet, kind);
        EXPECT_EQ(ours.getsockopt(SOL_SOCKET, SO_REUSEADDR), 0);
        EXPECT_EQ(ours.getsockopt(SOL_SOCKET, SO_REUSEPORT), 0);
        ours.bind(Address::ip("127.0.0.1", 0));
        if (kind == Kind::stream) ours.listen();
        int theirs = as_nobody([&] {
            int fd = ::socket(AF_INET, kind.value, 0), on = 1;
            ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
            auto where = ours.getsockname().sockaddr();
            return ::bind(fd, reinterpret_cast<const ::sockaddr*>(where.data()),
                          static_cast<socklen_t>(where.size())) == 0
                       ? 0
                       : errno;
        });
        EXPECT_EQ(theirs, EADDRINUSE);
    }
}

// B053, B055: nor do we take a path whose socket is another user's, though nobody answers there any more.
TEST(OtherUsers, keep_the_paths_of_their_sockets) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make a socket of another user's";
    testing::TemporaryFolder folder;
    ASSERT_EQ(::chmod(folder.path("").c_str(), 0777), 0);
    auto name = folder.path("theirs");
    ASSERT_EQ(as_nobody([&] {
                  Socket(Family::unix_domain).bind(Address::unix_path(name));
                  return 0;
              }),
              0);
    auto path = Address::unix_path(name);
    EXPECT_FALSE(socket::unlink_stale(path));
    EXPECT_THROW(socket::create_server(path), OSError);
    struct stat status{};
    ASSERT_EQ(::lstat(name.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 65534u);
    ASSERT_EQ(::chown(name.c_str(), 0, 0), 0);
    EXPECT_TRUE(socket::unlink_stale(path));  // it was the owner alone that kept it
}

}  // namespace
}  // namespace bight
