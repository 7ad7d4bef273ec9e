// SPDX-License-Identifier: BSL-1.0
#include <bight/handover.h>
#include <bight/message.h>
#include <bight/socketserver.h>

#include "frameworks/serving.h"
#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <future>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bight::handover {
namespace {

using namespace std::chrono_literals;
using testing::TemporaryFolder;

Socket listener() { return socket::create_server({"127.0.0.1", 0}); }

/// hand_over() in a thread of its own; stopped at the end.
struct Waiting {
    Waiting(Predecessor& place, std::vector<Offer> sockets, Duration start_limit = default_start_limit)
        : waits(place), result(std::async(std::launch::async, [&place, sockets, start_limit] {
              return place.hand_over(std::span(sockets), start_limit);
          })) {}
    ~Waiting() {
        waits.stop();
        if (result.valid()) result.wait();
    }
    Predecessor& waits;
    std::future<bool> result;
};

/// A process that speaks the protocol badly.
Socket newcomer(const std::string& path) {
    Socket connection(Family::unix_domain, Kind::seqpacket);
    connection.settimeout(20s);
    connection.connect(Address::unix_path(path));
    return connection;
}

bool is_ended(Socket& connection) {
    auto rest = connection.try_recv(100);
    return rest ? rest->empty() : rest.error() == std::errc::connection_reset;
}

// ---- What goes over. ---------------------------------------------------------------------------------------------------

TEST(HandOver, gives_the_sockets_with_their_names_and_queues) {
    TemporaryFolder folder;
    auto path = folder.path("place");
    auto web = listener(), other = listener();
    Socket port(Family::inet, Kind::datagram);
    port.bind({"127.0.0.1", 0});
    auto where = web.getsockname(), port_at = port.getsockname();
    auto early = socket::create_connection(where, {.timeout = 20s});
    early.sendall("queued");
    port.sendto("queued too", port_at);

    Predecessor place(path);
    Waiting waiting(place, {{"web", web.fileno()}, {"", other.fileno()}, {"port", port.fileno()}});
    auto successor = Successor::find(path);
    ASSERT_TRUE(successor);
    EXPECT_EQ(successor->predecessor(), ::getpid());
    ASSERT_EQ(successor->sockets().size(), 3u);
    for (auto& [name, socket] : successor->sockets()) EXPECT_FALSE(socket.get_inheritable());  // B041
    EXPECT_EQ(successor->take("")->getsockname(), other.getsockname());
    EXPECT_FALSE(successor->take("nothing"));
    auto next = successor->confirm();
    EXPECT_TRUE(waiting.result.get());
    EXPECT_EQ(place.successor(), ::getpid());
    EXPECT_EQ(place.fileno(), -1);

    web.close();  // nothing of the queues goes with the old ones
    port.close();
    auto taken = successor->take("web");
    EXPECT_EQ(taken->getsockname(), where);
    EXPECT_EQ(taken->accept().socket.recv(100), "queued");
    EXPECT_EQ(successor->take("port")->recv(100), "queued too");
}

TEST(HandOver, as_many_as_may_be) {
    TemporaryFolder folder;
    auto web = listener();
    std::vector<Offer> sockets(most_sockets, {std::string(255, 'n'), web.fileno()});
    Predecessor place(folder.path("place"));
    Waiting waiting(place, sockets);
    auto successor = Successor::find(folder.path("place"));
    ASSERT_TRUE(successor);
    EXPECT_EQ(successor->sockets().size(), most_sockets);
    EXPECT_EQ(successor->sockets().back().socket.getsockname(), web.getsockname());
}

TEST(HandOver, names_that_cannot_be_sent) {
    TemporaryFolder folder;
    Predecessor place(folder.path("place"));
    EXPECT_THROW((void)place.hand_over({{"a\nb", 0}}), ValueError);
    EXPECT_THROW((void)place.hand_over({{std::string(256, 'n'), 0}}), ValueError);
    EXPECT_THROW((void)place.hand_over(std::vector<Offer>(most_sockets + 1, {"n", 0})), ValueError);
}

TEST(HandOver, twice_is_a_bug) {
    TemporaryFolder folder;
    Predecessor place(folder.path("place"));
    Waiting waiting(place, {});
    auto successor = Successor::find(folder.path("place"));
    auto next = successor->confirm();
    EXPECT_TRUE(waiting.result.get());
    EXPECT_THROW((void)place.hand_over({}), BusyError);
    EXPECT_THROW((void)successor->confirm(), BusyError);
}

// ---- The place. --------------------------------------------------------------------------------------------------------

TEST(Place, is_for_this_user_and_goes_with_whoever_has_it) {
    TemporaryFolder folder;
    auto path = folder.path("place");
    {
        Predecessor first(path);
        struct stat status{};
        ASSERT_EQ(::lstat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u);
        EXPECT_THROW(Predecessor second(path), OSError);
        std::optional<Predecessor> next;
        {
            Predecessor moved(std::move(first));
            Waiting waiting(moved, {});
            next = Successor::find(path)->confirm();
            EXPECT_TRUE(waiting.result.get());
        }
        EXPECT_TRUE(std::filesystem::exists(path));  // it is next's
        Waiting waiting(*next, {});
        EXPECT_TRUE(Successor::find(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Place, nobody_is_there) {
    TemporaryFolder folder;
    EXPECT_FALSE(Successor::find(folder.path("none")));
    EXPECT_THROW(Successor::find(folder.path("no/folder/at/all") + std::string(200, 'x')), OSError);
    auto path = folder.path("stale");
    {
        Socket crashed(Family::unix_domain, Kind::seqpacket);
        crashed.bind(Address::unix_path(path));
    }
    EXPECT_FALSE(Successor::find(path));
    Predecessor place(path);  // takes a stale one over
    EXPECT_GE(place.fileno(), 0);
}

TEST(Place, of_a_successor_of_the_path_stays) {
    TemporaryFolder folder;
    auto path = folder.path("place");
    {
        Predecessor place(path);
        std::filesystem::remove(path);
        std::filesystem::create_directory(path);
    }
    EXPECT_TRUE(std::filesystem::exists(path));
}

// ---- Successors that fail. ---------------------------------------------------------------------------------------------

TEST(Passed, a_successor_that_ends_before_it_serves) {
    TemporaryFolder folder;
    auto web = listener();
    Predecessor place(folder.path("place"));
    Waiting waiting(place, {{"web", web.fileno()}});
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(Successor::find(folder.path("place")));  // and is destroyed
    auto successor = Successor::find(folder.path("place"));
    ASSERT_TRUE(successor);
    EXPECT_EQ(place.refused(), 3u);
    auto next = successor->confirm();
    EXPECT_TRUE(waiting.result.get());
}

TEST(Passed, whoever_says_something_else) {
    TemporaryFolder folder;
    auto web = listener();
    auto before = testing::open_descriptors();
    {
        Predecessor place(folder.path("place"));
        Waiting waiting(place, {{"web", web.fileno()}});
        std::uint64_t count = 0;
        for (const auto& said : {std::string(), std::string("x"), std::string("bight-handover 2"),
                                 std::string("bight-handover 1\n"), std::string(60000, 'x')}) {
            auto connection = newcomer(folder.path("place"));
            connection.send(said);
            EXPECT_TRUE(is_ended(connection)) << said.substr(0, 20);
            EXPECT_GE(place.refused(), count++);
        }
        auto after_the_sockets = newcomer(folder.path("place"));
        after_the_sockets.send("bight-handover 1");
        EXPECT_EQ(socket::recv_fds(after_the_sockets, 1000, 10).fds.size(), 2u);
        after_the_sockets.send("nonsense");
        EXPECT_TRUE(is_ended(after_the_sockets));
        auto with_descriptors = newcomer(folder.path("place"));  // B045: they are not ours to keep
        int fd = web.fileno();
        socket::send_fds(with_descriptors, Bytes("bight-handover 1"), std::span(&fd, 1));
        EXPECT_EQ(socket::recv_fds(with_descriptors, 1000, 10).data, "sockets\nweb");
        with_descriptors.close();
        EXPECT_TRUE(Successor::find(folder.path("place")));
    }
    EXPECT_EQ(testing::open_descriptors(), before);
    EXPECT_FALSE(std::filesystem::exists(folder.path("place")));
}

TEST(Passed, one_that_is_not_ready_in_time_may_have_the_path) {
    TemporaryFolder folder;
    auto path = folder.path("place");
    {
        Predecessor place(path);
        Waiting waiting(place, {}, 20ms);
        auto slow = newcomer(path);
        slow.send("bight-handover 1");
        EXPECT_EQ(socket::recv_fds(slow, 1000, 10).data, "sockets");
        EXPECT_TRUE(is_ended(slow));
        place.stop();
        EXPECT_FALSE(waiting.result.get());
    }
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Passed, another_user) {
    if (::geteuid() != 0) GTEST_SKIP() << "wants to become another user";
    TemporaryFolder folder;
    auto path = folder.path("place");
    Predecessor place(path);
    std::filesystem::permissions(std::filesystem::path(path).parent_path(), std::filesystem::perms::all);
    std::filesystem::permissions(path, std::filesystem::perms::all);  // let in, to be turned away by the other check
    Waiting waiting(place, {});
    int pid = ::fork();
    if (pid == 0) {
        if (::setuid(65534) != 0) ::_exit(1);
        int status = 2;
        try {
            Successor::find(path);
        } catch (const OSError& error) {
            status = error.errnum() == EPERM ? 0 : 3;
        }
        auto connection = newcomer(path);
        (void)connection.try_send("bight-handover 1");
        if (!is_ended(connection)) status = 4;
        ::_exit(status);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(place.successor(), 0);
    EXPECT_GE(place.refused(), 1u);
}

TEST(Passed, want_of_descriptors_is_no_end) {
    TemporaryFolder folder;
    Predecessor place(folder.path("place"));
    testing::Faults faults(testing::fail(sys::Call::accept4, EMFILE, 2));
    Waiting waiting(place, {});
    EXPECT_TRUE(Successor::find(folder.path("place")));
}

// ---- stop(). -----------------------------------------------------------------------------------------------------------

TEST(StopHandOver, before_and_while_it_waits) {
    TemporaryFolder folder;
    Predecessor place(folder.path("place"));
    {
        Waiting waiting(place, {});
        place.stop();
        EXPECT_FALSE(waiting.result.get());
    }
    EXPECT_FALSE(place.hand_over({}));
}

TEST(StopHandOver, while_a_newcomer_keeps_silent) {
    TemporaryFolder folder;
    auto web = listener();
    Socket silent = Socket::closed();
    {
        Predecessor place(folder.path("place"));
        Waiting waiting(place, {{"web", web.fileno()}});
        silent = newcomer(folder.path("place"));
        place.stop();
        EXPECT_FALSE(waiting.result.get());
        (void)silent.try_send("bight-handover 1");
    }
    auto got = silent.try_recv(1000);
    EXPECT_TRUE(!got || got->empty());  // no socket after stop()
}

// ---- Predecessors that lie. --------------------------------------------------------------------------------------------

/// Answers one successor with this.
void offer_badly(const std::string& path, const std::string& packet, const std::vector<int>& fds, int expected) {
    auto before = testing::open_descriptors();
    {
        Socket control(Family::unix_domain, Kind::seqpacket);
        control.bind(Address::unix_path(path));
        control.listen();
        std::jthread liar([&] {
            auto [connection, peer] = control.accept();
            (void)connection.recv(100);
            if (fds.empty())
                connection.send(packet);
            else
                socket::send_fds(connection, Bytes(packet), fds);
            (void)connection.recv(100);  // stays until the other goes
        });
        try {
            Successor::find(path, 10s);
            ADD_FAILURE() << packet.substr(0, 30) << " was taken";
        } catch (const OSError& error) {
            EXPECT_EQ(error.errnum(), expected) << packet.substr(0, 30);
        }
    }
    std::filesystem::remove(path);
    EXPECT_EQ(testing::open_descriptors(), before) << packet.substr(0, 30);
}

TEST(Liar, is_not_believed) {
    TemporaryFolder folder;
    auto path = folder.path("place");
    Socket control(Family::unix_domain, Kind::seqpacket);
    control.bind(Address::unnamed());
    control.listen();
    auto web = listener();
    Socket unbound;
    auto null = FileDescriptor::open("/dev/null");
    int c = control.fileno(), w = web.fileno(), u = unbound.fileno(), file = null.fileno();
    offer_badly(path, "x", {}, EPROTO);
    offer_badly(path, "sockets", {}, EPROTO);              // not even the place
    offer_badly(path, "sockets\nweb", {c}, EPROTO);        // B044: fewer than it says
    offer_badly(path, "sockets\nweb", {c, w, w}, EPROTO);  // more than it says
    offer_badly(path, "sockets\nweb", {w, w}, EPROTO);     // a place of another kind
    offer_badly(path, "sockets\nweb", {c, file}, EPROTO);  // no socket
    offer_badly(path, "sockets\nweb", {c, u}, EPROTO);     // nothing comes in at it
    offer_badly(path, "socketsweb", {c, w}, EPROTO);
    offer_badly(path, "sockets\n" + std::string(256, 'n'), {c, w}, EPROTO);
    offer_badly(path, "sockets\nweb", std::vector<int>(253, w), EPROTO);
    offer_badly(path, "sockets" + std::string(60000, '\n'), {c, w}, EPROTO);
    offer_badly(path, "sockets" + std::string(70000, 'x'), {c, w}, EPROTO);  // cut by us
}

TEST(Liar, who_keeps_silent_or_hangs_up) {
    TemporaryFolder folder;
    auto path = folder.path("place");
    Socket control(Family::unix_domain, Kind::seqpacket);
    control.bind(Address::unix_path(path));
    control.listen();
    EXPECT_THROW(Successor::find(path, 10ms), TimeoutError);
    std::jthread hangs_up([&] {
        (void)control.accept();  // the one from before
        auto [connection, peer] = control.accept();
        (void)connection.recv(100);
    });
    EXPECT_THROW(Successor::find(path, 10s), OSError);
}

TEST(Liar, who_ends_before_it_lets_go_has_let_go) {
    TemporaryFolder folder;
    auto path = folder.path("place");
    std::optional<Predecessor> place(path);
    std::optional<Waiting> waiting(std::in_place, *place, std::vector<Offer>());
    auto successor = Successor::find(path);
    ASSERT_TRUE(successor);
    waiting.reset();
    place.reset();
    auto next = successor->confirm();
    EXPECT_TRUE(std::filesystem::exists(path));
    Waiting again(next, {});
    EXPECT_TRUE(Successor::find(path));
}

// ---- Under load. -------------------------------------------------------------------------------------------------------

using socketserver::Echo;
using socketserver::Serving;
using Server = socketserver::ThreadingTCPServer<Echo>;

/// One process of a row, with its server.
struct Generation {
    explicit Generation(const std::string& path)
        : before(Successor::find(path)),
          server(before ? std::move(*before->take("web")) : listener()),
          place(before ? before->confirm() : Predecessor(path)),
          serving([this] { server.serve_forever(); }),
          waiting([this, fd = server.fileno()] {  // asked here: stop() closes it, of whatever thread
              if (place.hand_over({{"web", fd}})) tally = server.stop();
          }) {}
    ~Generation() {
        place.stop();
        server.stop();
    }
    std::optional<Successor> before;
    Server server;
    Predecessor place;
    socketserver::StopTally tally{};
    std::jthread serving, waiting;
};

TEST(UnderLoad, no_request_is_lost) {
    TemporaryFolder folder;
    auto current = std::make_unique<Generation>(folder.path("place"));
    auto where = current->server.server_address();
    std::atomic<bool> enough = false;
    std::atomic<int> served = 0, lost = 0;
    auto visit = [&] {
        while (!enough) try {
                ++(socketserver::Client(where).ask() == "x\n" ? served : lost);
            } catch (const OSError&) {
                ++lost;
            }
    };
    {
        std::jthread one(visit), two(visit), three(visit);
        for (int i = 0; i < 20; ++i) {
            for (int before = served; served < before + 20 && lost == 0;) std::this_thread::yield();
            auto next = std::make_unique<Generation>(folder.path("place"));
            current->waiting.join();
            EXPECT_EQ(current->tally.aborted, 0u);
            current = std::move(next);
        }
        enough = true;
    }
    EXPECT_EQ(lost, 0);
    EXPECT_GE(served, 400);
}

}  // namespace
}  // namespace bight::handover
