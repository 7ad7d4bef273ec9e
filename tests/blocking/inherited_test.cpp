// SPDX-License-Identifier: BSL-1.0
#include <bight/inherited.h>

#include "support/child.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace bight::inherited {
namespace {

using testing::child_says;

std::string name_of(Role role) {
    return role == Role::listener ? "listener" : role == Role::datagrams ? "datagrams" : "connection";
}

bool is_null_device(int fd) {
    char target[64];
    auto link = "/proc/self/fd/" + std::to_string(fd);
    auto size = ::readlink(link.c_str(), target, sizeof target);
    return size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == "/dev/null";
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
bool survives_exec(int fd) { return ::fcntl(fd, F_GETFD) == 0; }

/// Puts a descriptor in a place of the child's.
void place(Socket socket, int fd) {
    if (::dup2(socket.fileno(), fd) != fd) throw std::runtime_error("dup2 failed");
}

Socket bound_port() {
    Socket port(Family::inet, Kind::datagram);
    port.bind({"127.0.0.1", 0});
    return port;
}

// ---- Roles. ------------------------------------------------------------------------------------------------------------

TEST(Role, is_what_comes_in) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    EXPECT_EQ(role_of(listener), Role::listener);
    EXPECT_EQ(role_of(bound_port()), Role::datagrams);
    auto client = socket::create_connection(listener.getsockname());
    EXPECT_EQ(role_of(client), Role::connection);
    auto [near, far] = socket::socketpair();
    EXPECT_EQ(role_of(near), Role::connection);
    auto [a, b] = socket::socketpair(Family::unix_domain, Kind::seqpacket);
    EXPECT_EQ(role_of(a), Role::connection);
}

TEST(Role, of_a_stream_that_does_neither) { EXPECT_THROW((void)role_of(Socket()), ValueError); }

// ---- By number. --------------------------------------------------------------------------------------------------------

TEST(FromFd, takes_charge_and_lets_no_child_have_it) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    listener.set_inheritable(true);
    int fd = listener.detach();
    auto taken = from_fd(fd);
    EXPECT_EQ(taken.fileno(), fd);
    EXPECT_FALSE(taken.get_inheritable());  // B041
    EXPECT_EQ(role_of(taken), Role::listener);
    taken.close();
    EXPECT_FALSE(is_open(fd));
}

TEST(FromFd, leaves_alone_what_it_refuses) {
    EXPECT_THROW((void)from_fd(-1), ValueError);
    EXPECT_THROW((void)from_fd(1 << 20), OSError);
    int file = ::open("/dev/null", O_RDONLY);
    EXPECT_THROW((void)from_fd(file), OSError);
    EXPECT_TRUE(survives_exec(file));
    ::close(file);
}

TEST(FromFd, moves_a_standard_one_away) {
    auto said = child_says([] {
        place(socket::create_server({"127.0.0.1", 0}), 0);
        auto taken = from_fd(0);
        return name_of(role_of(taken)) + (taken.fileno() > 2 ? " moved" : " in place") +
               (is_null_device(0) && survives_exec(0) ? ", null stays" : ", ?") +
               (taken.get_inheritable() ? ", inheritable" : "");
    });
    EXPECT_EQ(said, "listener moved, null stays");
}

// ---- inetd. ------------------------------------------------------------------------------------------------------------

TEST(FromInetd, a_connection_gets_nothing_that_is_printed) {
    auto said = child_says([] {
        auto [near, far] = socket::socketpair();
        for (int fd : {0, 1, 2}) {
            auto copy = near.dup();
            place(std::move(copy), fd);
        }
        near.close();
        auto taken = from_inetd();
        bool printed = ::write(1, "printed", 7) == 7 && ::write(2, "printed", 7) == 7;
        taken.sendall("sent");
        taken.close();
        std::string got;
        while (auto data = far.recv(100)) got += data.view();
        return got + (printed && is_null_device(1) && is_null_device(2) ? ", printed to nobody" : ", ?");
    });
    EXPECT_EQ(said, "sent, printed to nobody");
}

TEST(FromInetd, a_listener_leaves_standard_output_alone) {
    auto said = child_says([] {
        place(bound_port(), 0);
        auto taken = from_inetd();
        return name_of(role_of(taken)) + (is_null_device(0) ? " moved" : "") + (is_null_device(1) ? " ?" : "");
    });
    EXPECT_EQ(said, "datagrams moved");
}

TEST(FromInetd, standard_input_that_is_no_socket) {
    auto said = child_says([] {
        int file = ::open("/dev/null", O_RDONLY);
        ::dup2(file, 0);
        return name_of(role_of(from_inetd()));
    });
    EXPECT_TRUE(said.starts_with("error: take descriptor 0: ")) << said;
}

// ---- systemd. ----------------------------------------------------------------------------------------------------------

struct Variables {
    const char* fds = "2";
    const char* names = nullptr;
    const char* pid = nullptr;  // null: this process
};

void set(const Variables& variables) {
    auto pid = std::to_string(::getpid());
    ::setenv("LISTEN_PID", variables.pid ? variables.pid : pid.c_str(), 1);
    ::setenv("LISTEN_FDS", variables.fds, 1);
    if (variables.names) ::setenv("LISTEN_FDNAMES", variables.names, 1);
}

/// What from_systemd() makes of a listener at 3 and a port for datagrams at 4.
std::string passed(const Variables& variables) {
    return child_says([=] {
        place(bound_port(), 4);  // it is at 3 itself until here
        auto listener = socket::create_server({"127.0.0.1", 0});
        if (listener.fileno() != 3)
            place(std::move(listener), 3);
        else
            (void)listener.detach();
        set(variables);
        std::string text;
        try {
            for (auto& [name, socket] : from_systemd())
                text += name + '=' + name_of(role_of(socket)) + (socket.get_inheritable() ? " leaks" : "") + ';';
        } catch (const std::exception& error) {
            text = error.what();
        }
        for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
            if (std::getenv(name)) text += std::string(" left ") + name;
        return text + (from_systemd().empty() ? "" : " twice");
    });
}

TEST(FromSystemd, sockets_have_names) {
    EXPECT_EQ(passed({.names = "web:dns"}), "web=listener;dns=datagrams;");
    EXPECT_EQ(passed({.names = "same:same"}), "same=listener;same=datagrams;");
    EXPECT_EQ(passed({.names = ":"}), "=listener;=datagrams;");
    EXPECT_EQ(passed({.fds = "1", .names = "web"}), "web=listener;");
}

TEST(FromSystemd, without_names_they_are_unknown) { EXPECT_EQ(passed({}), "unknown=listener;unknown=datagrams;"); }

TEST(FromSystemd, what_is_meant_for_another_process_is_left) {
    EXPECT_EQ(passed({.pid = "1"}), "");
    EXPECT_EQ(passed({.fds = "nonsense", .pid = "1"}), "");
}

TEST(FromSystemd, none) {
    EXPECT_EQ(passed({.fds = "0"}), "");
    EXPECT_EQ(child_says([] { return std::to_string(from_systemd().size()); }), "0");
    EXPECT_EQ(child_says([] {
                  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
                  return std::to_string(from_systemd().size());
              }),
              "0");
}

TEST(FromSystemd, variables_that_say_nothing_sensible) {
    for (const char* bad : {"", "x", "2x", " 2", "+2", "-1", "0x2", "99999999999999999999", "2147483647"})
        EXPECT_NE(passed({.fds = bad}).find("LISTEN_FDS"), std::string::npos) << bad;
    EXPECT_EQ(passed({.pid = "x"}), "LISTEN_PID='x' is no number");
    EXPECT_EQ(passed({.names = "one"}), "LISTEN_FDNAMES has 1 names, and LISTEN_FDS says 2");
    EXPECT_EQ(passed({.names = "a:b:c"}), "LISTEN_FDNAMES has 3 names, and LISTEN_FDS says 2");
}

TEST(FromSystemd, a_descriptor_that_is_not_open) {
    EXPECT_EQ(passed({.fds = "3"}), "descriptor 5 of LISTEN_FDS: bad file descriptor");
}

TEST(FromSystemd, a_descriptor_that_is_no_socket_does_not_leak) {
    auto said = child_says([] {
        if (::open("/dev/null", O_RDONLY) != 3) return std::string("?");
        set({.fds = "1", .names = "fifo"});
        try {
            from_systemd();
        } catch (const OSError& error) {
            return std::string(error.what()) + (survives_exec(3) ? " leaks" : "");
        }
        return std::string("taken");
    });
    EXPECT_TRUE(said.starts_with("take descriptor 3 ('fifo' of LISTEN_FDS): ")) << said;
    EXPECT_FALSE(said.ends_with("leaks")) << said;
}

}  // namespace
}  // namespace bight::inherited
