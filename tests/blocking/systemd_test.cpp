// SPDX-License-Identifier: BSL-1.0
#include <bight/message.h>
#include <bight/socket.h>
#include <bight/systemd.h>

#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

namespace bight::systemd {
namespace {

using namespace std::chrono_literals;

/// A service manager, and the variable that names it, for the length of a test.
class Manager {
public:
    explicit Manager(const Address& address) : port_(Family::unix_domain, Kind::datagram) {
        port_.settimeout(10s);
        port_.bind(address);
        auto path = port_.getsockname().path();
        if (path.starts_with('\0')) path.front() = '@';
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

    socket::ReceivedFds heard() { return socket::recv_fds(port_, 4096, 8); }

private:
    Socket port_;
};

TEST(Notify, nobody_asked) {
    ::unsetenv("NOTIFY_SOCKET");
    EXPECT_FALSE(notify("READY=1"));
    ::setenv("NOTIFY_SOCKET", "", 1);
    EXPECT_FALSE(notify("READY=1"));
    ::unsetenv("NOTIFY_SOCKET");
}

TEST(Notify, reaches_a_path) {
    testing::TemporaryFolder folder;
    Manager manager(Address::unix_path(folder.path("notify")));
    EXPECT_TRUE(notify("READY=1\nSTATUS=well"));
    EXPECT_EQ(manager.heard().data, "READY=1\nSTATUS=well");
}

TEST(Notify, reaches_an_abstract_name) {
    Manager manager(Address::unnamed());
    EXPECT_TRUE(notify("STOPPING=1"));
    EXPECT_EQ(manager.heard().data, "STOPPING=1");
}

TEST(Notify, gives_descriptors_to_be_kept) {
    Manager manager(Address::unnamed());
    auto listener = socket::create_server({"127.0.0.1", 0});
    int fd = listener.fileno();
    EXPECT_TRUE(notify("FDSTORE=1\nFDNAME=web", std::span(&fd, 1)));
    auto [data, fds, flags, address] = manager.heard();
    EXPECT_EQ(data, "FDSTORE=1\nFDNAME=web");
    ASSERT_EQ(fds.size(), 1u);
    EXPECT_EQ(Socket::adopt(fds[0].detach()).getsockname(), listener.getsockname());
}

TEST(Notify, a_manager_that_is_not_there) {
    ::setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    EXPECT_THROW(notify("READY=1"), OSError);
    ::setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
    EXPECT_THROW(notify("READY=1"), ValueError);
    ::unsetenv("NOTIFY_SOCKET");
}

TEST(Notify, an_interruption_is_never_seen) {
    Manager manager(Address::unnamed());
    {
        testing::Faults faults(testing::fail(sys::Call::sendto, EINTR, 3));
        EXPECT_TRUE(notify("READY=1"));
    }
    EXPECT_EQ(manager.heard().data, "READY=1");
}

TEST(Notify, does_not_obey_the_default_timeout) {
    Manager manager(Address::unnamed());
    socket::setdefaulttimeout(0s);
    EXPECT_TRUE(notify("READY=1"));
    socket::setdefaulttimeout(std::nullopt);
    EXPECT_EQ(manager.heard().data, "READY=1");
}

}  // namespace
}  // namespace bight::systemd
