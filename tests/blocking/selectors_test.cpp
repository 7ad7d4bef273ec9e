// SPDX-License-Identifier: BSL-1.0
#include <bight/selectors.h>

#include <bight/file_descriptor.h>
#include <bight/lowlevel.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bight {
namespace {

using namespace std::chrono_literals;
using selectors::BaseSelector;
using selectors::Method;

class Selectors : public ::testing::TestWithParam<Method> {
protected:
    Selector<std::string> selector{GetParam()};
    socket::SocketPair pair = socket::socketpair();
    Socket& near = pair.first;
    Socket& far = pair.second;
};

INSTANTIATE_TEST_SUITE_P(
    Each, Selectors, ::testing::Values(Method::epoll, Method::poll, Method::select), [](const auto& tested) {
        return std::string(tested.param == Method::epoll ? "epoll" : tested.param == Method::poll ? "poll" : "select");
    });

TEST_P(Selectors, add_returns_the_key) {
    auto key = selector.add(near, Ready::read, "data");
    EXPECT_EQ(key->fileobj(), &near);
    EXPECT_EQ(key->fd(), near.fileno());
    EXPECT_EQ(key->events(), Ready::read);
    EXPECT_EQ(key->data, "data");
    EXPECT_EQ(selector.get_key(near), key);
    EXPECT_EQ(selector.get_key(near.fileno()), key);
    EXPECT_EQ(selector.size(), 1u);
    EXPECT_TRUE(selector.contains(near));
}

TEST_P(Selectors, add_refuses_what_makes_no_sense) {
    EXPECT_THROW(selector.add(near, Ready::none), ValueError);
    EXPECT_THROW(selector.add(near, static_cast<Ready>(4)), ValueError);
    EXPECT_THROW(selector.add(-1, Ready::read), ValueError);
    selector.add(near, Ready::read);
    EXPECT_THROW(selector.add(near, Ready::read), KeyError);
    EXPECT_THROW(selector.add(near.fileno(), Ready::read), KeyError);
}

TEST_P(Selectors, remove_returns_the_key_once) {
    auto key = selector.add(near, Ready::read, "x");
    EXPECT_EQ(selector.remove(near), key);
    EXPECT_THROW(selector.remove(near), KeyError);
    EXPECT_THROW(selector.remove(9999), KeyError);
    EXPECT_THROW(selector.get_key(near), KeyError);
    EXPECT_EQ(selector.size(), 0u);
    selector.add(near, Ready::write);  // and again
    EXPECT_EQ(selector.select(0s).size(), 1u);
}

TEST_P(Selectors, what_has_no_descriptor_is_no_key) {
    Socket closed;
    closed.close();
    EXPECT_THROW(selector.remove(closed), ValueError);
    EXPECT_THROW(selector.remove(-1), ValueError);
    EXPECT_THROW(selector.get_key(closed), ValueError);
    EXPECT_THROW(selector.modify(-1, Ready::read), ValueError);
    EXPECT_FALSE(selector.contains(closed));
}

// The keys lie in a table by descriptor: it must not grow to a number that somebody made up.
TEST_P(Selectors, a_number_beyond_belief_is_refused) {
    try {
        selector.add(std::numeric_limits<int>::max(), Ready::read);
        ADD_FAILURE();
    } catch (const ValueError&) {
        EXPECT_EQ(GetParam(), Method::select);
    } catch (const OSError& error) {
        EXPECT_EQ(error.errnum(), EBADF);
    }
    EXPECT_EQ(selector.size(), 0u);
    selector.add(near, Ready::write);
    EXPECT_EQ(selector.select(0s).size(), 1u);
}

TEST_P(Selectors, an_object_of_a_host_is_known_by_its_place) {
    int object = 0;
    selector.add({near.fileno(), &object}, Ready::read, "of a host");
    near.close();
    EXPECT_EQ(selector.get_key({-1, &object})->data, "of a host");
    EXPECT_EQ(selector.remove({-1, &object})->fileobj(), &object);
}

TEST_P(Selectors, tells_reading_and_writing_apart) {
    selector.add(near, Ready::read | Ready::write);
    auto events = selector.select(0s);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].ready, Ready::write);
    far.sendall("x");
    events = selector.select(1s);
    ASSERT_EQ(events.size(), 1u);  // both in one
    EXPECT_EQ(events[0].ready, Ready::read | Ready::write);
    selector.modify(near, Ready::read);
    EXPECT_EQ(selector.select(1s)[0].ready, Ready::read);
}

TEST_P(Selectors, reports_no_more_than_was_asked_for) {
    selector.add(near, Ready::write);
    far.close();  // a hang-up: readable and writable
    auto events = selector.select(1s);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].ready, Ready::write);
}

TEST_P(Selectors, modify_changes_events_and_data) {
    auto key = selector.add(near, Ready::read, "one");
    auto changed = selector.modify(near, Ready::write, "two");
    EXPECT_EQ(changed->data, "two");
    EXPECT_EQ(changed->events(), Ready::write);
    EXPECT_EQ(changed->fileobj(), &near);
    EXPECT_EQ(key->data, "one");
    EXPECT_EQ(selector.get_key(near), changed);
    ASSERT_EQ(selector.select(0s).size(), 1u);
    EXPECT_EQ(selector.select(0s)[0].key, changed.get());
    EXPECT_EQ(selector.modify(near, Ready::read | Ready::write), changed);
    EXPECT_THROW(selector.modify(far, Ready::read), KeyError);
    EXPECT_THROW(selector.modify(near, Ready::none), ValueError);
}

TEST_P(Selectors, only_data_changed_makes_no_call) {
    selector.add(near, Ready::read, "one");
    testing::Faults faults([](sys::Call) { return sys::Fault{EIO}; });
    EXPECT_EQ(selector.modify(near, Ready::read, "two")->data, "two");
}

TEST_P(Selectors, timeouts) {
    EXPECT_TRUE(selector.select(0s).empty());
    EXPECT_TRUE(selector.select(-1s).empty());
    selector.add(near, Ready::read);
    auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(selector.select(20ms).empty());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
    far.sendall("x");
    EXPECT_EQ(selector.select().size(), 1u);  // without limit
}

TEST_P(Selectors, an_interrupted_wait_goes_on_with_the_time_left) {
    selector.add(near, Ready::read);
    auto begin = std::chrono::steady_clock::now();
    testing::Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
        bool waits = call == sys::Call::epoll_wait || call == sys::Call::poll || call == sys::Call::select;
        return waits && ++calls < 4 ? sys::Fault{EINTR} : sys::Fault{};
    });
    EXPECT_TRUE(selector.select(10ms).empty());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 10ms);
    lowlevel::set_interrupt_hook([] { throw 7; });
    testing::Faults again([](sys::Call) { return sys::Fault{EINTR}; });
    EXPECT_THROW(selector.select(1s), int);
    lowlevel::set_interrupt_hook(nullptr);
}

// A descriptor that was closed, and whose number is somebody else's by now, can still be removed.
TEST_P(Selectors, removes_what_was_closed) {
    selector.add(near, Ready::read);
    near.close();
    EXPECT_NO_THROW(selector.remove(near));  // by where the object stands
    auto [other, peer] = socket::socketpair();
    selector.add(other, Ready::read);
    int number = other.fileno();
    other.close();
    Socket reuses = Socket(Family::unix_domain);
    EXPECT_EQ(reuses.fileno(), number);
    EXPECT_NO_THROW(selector.remove(number));
    EXPECT_EQ(selector.size(), 0u);
}

TEST_P(Selectors, a_callback_may_remove_any_key) {
    Selector<std::function<void()>> dispatcher(GetParam());
    auto other = socket::socketpair();
    int calls = 0;
    std::string captured(100, 'c');  // freed with the callback: it must not be freed under its own feet
    auto remove_both = [&, captured] {
        dispatcher.remove(near);
        dispatcher.remove(other.first);
        calls += static_cast<int>(captured.size());
    };
    dispatcher.add(near, Ready::write, remove_both);
    dispatcher.add(other.first, Ready::write, [&] { ++calls; });
    for (auto& [key, ready] : dispatcher.select(1s)) key->data();
    EXPECT_EQ(calls, 101);  // both were ready in this turn, the removed one included
    EXPECT_TRUE(dispatcher.select(0s).empty());
}

TEST_P(Selectors, a_callback_may_replace_itself) {
    Selector<std::function<void()>> dispatcher(GetParam());
    std::string captured(100, 'c'), seen;
    auto small = [&] { seen += "small"; };
    dispatcher.add(near, Ready::write, [&, captured] {
        dispatcher.modify(near, Ready::write, small);
        seen = captured;
    });
    for (int turn = 0; turn < 2; ++turn)
        for (auto& [key, ready] : dispatcher.select(1s)) key->data();
    EXPECT_EQ(seen, captured + "small");
    EXPECT_EQ(dispatcher.size(), 1u);
}

TEST_P(Selectors, a_callback_may_close_the_selector) {
    Selector<std::function<void()>> dispatcher(GetParam());
    dispatcher.add(near, Ready::write, [&] { dispatcher.close(); });
    for (auto& [key, ready] : dispatcher.select(1s)) key->data();
    EXPECT_TRUE(dispatcher.closed());
    EXPECT_TRUE(dispatcher.get_map().empty());
    EXPECT_THROW(dispatcher.select(0s), ClosedError);
    EXPECT_THROW(dispatcher.get_key(near), ClosedError);
    EXPECT_THROW(dispatcher.add(near, Ready::read), ClosedError);
    dispatcher.close();
}

// What was removed before, and what the closing finds, stays alive to the end of the turn.
TEST_P(Selectors, a_callback_may_remove_and_close) {
    Selector<std::function<void()>> dispatcher(GetParam());
    auto other = socket::socketpair();
    std::string captured(100, 'c'), seen;
    dispatcher.add(other.first, Ready::read, [] {});
    dispatcher.add(near, Ready::write, [&, captured] {
        dispatcher.remove(other.first);
        dispatcher.close();
        seen = captured;
    });
    for (auto& [key, ready] : dispatcher.select(1s)) key->data();
    EXPECT_EQ(seen.size(), 100u);
    EXPECT_EQ(dispatcher.size(), 0u);
}

TEST_P(Selectors, data_whose_end_closes_the_selector) {
    struct Closer {
        explicit Closer(BaseSelector* closes) : selector(closes) {}
        ~Closer() { selector->close(); }
        BaseSelector* selector;
    };
    Selector<std::shared_ptr<Closer>> closing(GetParam());
    closing.add(near, Ready::write, std::make_shared<Closer>(&closing));
    closing.remove(near);
    EXPECT_THROW(closing.select(0s), ClosedError);  // the removed key goes, and takes the selector with it
}

TEST_P(Selectors, an_interrupt_hook_may_close_the_selector) {
    static Selector<std::string>* to_close;
    to_close = &selector;
    selector.add(near, Ready::read);
    lowlevel::set_interrupt_hook([] { to_close->close(); });
    testing::Faults faults([calls = 0](sys::Call call) mutable -> sys::Fault {
        bool waits = call == sys::Call::epoll_wait || call == sys::Call::poll || call == sys::Call::select;
        return waits && ++calls == 1 ? sys::Fault{EINTR} : sys::Fault{};
    });
    EXPECT_THROW(selector.select(), ClosedError);
    lowlevel::set_interrupt_hook(nullptr);
}

TEST_P(Selectors, the_map_is_in_order_of_descriptors) {
    selector.add(far, Ready::read, "far");
    selector.add(near, Ready::read, "near");
    auto map = selector.get_map();
    ASSERT_EQ(map.size(), 2u);
    EXPECT_LT(map[0]->fd(), map[1]->fd());
}

TEST_P(Selectors, moves) {
    selector.add(near, Ready::write, "moved");
    Selector<std::string> target = std::move(selector);
    ASSERT_EQ(target.select(0s).size(), 1u);
    EXPECT_EQ(target.select(0s)[0].key->data, "moved");
    EXPECT_TRUE(selector.closed());
    EXPECT_EQ(selector.size(), 0u);
}

TEST_P(Selectors, leaves_no_descriptor_behind) {
    auto before = testing::open_descriptors();
    {
        Selector<int> temporary(GetParam());
        temporary.add(near, Ready::read, 1);
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

// B031: close and reopen inside the turn: the new object with the old number never gets the old one's event.
TEST_P(Selectors, a_reused_number_gets_no_stale_event) {
    for (int round = 0; round < 2000; ++round) {
        Selector<int> turn(GetParam());
        auto one = socket::socketpair();
        auto other = socket::socketpair();
        turn.add(one.first, Ready::read, 1);
        turn.add(other.first, Ready::read, 2);
        one.second.sendall("x");
        other.second.sendall("x");
        ASSERT_EQ(turn.select(1s).size(), 2u);
        turn.remove(other.first);
        other.first.close();
        auto fresh = socket::socketpair();  // takes the number
        turn.add(fresh.first, Ready::read, 3);
        for (auto& [key, ready] : turn.select(0s)) EXPECT_EQ(key->data, 1);
    }
}

TEST_P(Selectors, a_key_is_removed_by_itself) {
    Selector<Socket> owner(GetParam());
    auto key = owner.add(near.fileno(), Ready::write, near.dup());
    EXPECT_EQ(owner.remove(*key), key);
    EXPECT_EQ(owner.size(), 0u);
    EXPECT_FALSE(owner.contains(near));
    EXPECT_TRUE(owner.select(0s).empty());
    EXPECT_THROW(owner.remove(*key), KeyError);
    auto other = owner.add(near, Ready::write, near.dup());
    EXPECT_THROW(owner.remove(*key), KeyError);  // the number is another key's
    EXPECT_EQ(owner.get_key(near), other);
}

TEST_P(Selectors, a_key_whose_data_is_closed_is_removed_without_the_kernel) {
    Selector<Socket> owner(GetParam());
    int fd = near.fileno();
    auto key = owner.add(fd, Ready::read, std::move(near));
    far.sendall("x");
    ASSERT_EQ(owner.select(0s).size(), 1u);
    key->data.close();
    {
        testing::Faults none([](sys::Call call) {
            EXPECT_NE(call, sys::Call::epoll_ctl);
            return sys::Fault{};
        });
        owner.remove_closed(*key);
    }
    auto fresh = socket::socketpair();
    owner.add(fresh.first, Ready::read, fresh.first.dup());
    EXPECT_TRUE(owner.select(0s).empty());
    fresh.second.sendall("x");
    ASSERT_EQ(owner.select(0s).size(), 1u);
}

TEST_P(Selectors, a_key_whose_data_went_elsewhere_is_removed_from_the_kernel) {
    Selector<Socket> owner(GetParam());
    int fd = near.fileno();
    auto key = owner.add(fd, Ready::read, std::move(near));
    Socket elsewhere = std::move(key->data);
    owner.remove(*key);
    auto again = owner.add(elsewhere, Ready::read, Socket());
    far.sendall("x");
    ASSERT_EQ(owner.select(0s).size(), 1u);
    EXPECT_EQ(owner.select(0s)[0].key, again.get());
}

// ---- What only one of them does. ---------------------------------------------------------------------------------------

// B032: epoll goes on about a closed descriptor while a duplicate lives. Neither a stale event nor a spin comes of it.
TEST(EpollSelector, a_duplicate_that_lives_on_reports_nothing) {
    Selector<int> selector;
    auto [near, far] = socket::socketpair();
    Socket twin = near.dup();
    selector.add(near, Ready::read, 1);
    near.close();
    selector.remove(near);  // the kernel cannot do it any more: the number is gone
    far.sendall("x");
    EXPECT_TRUE(selector.select(0s).empty());
    int calls = 0;
    {
        testing::Faults count([&](sys::Call call) {
            calls += call == sys::Call::epoll_wait;
            return sys::Fault{};
        });
        EXPECT_TRUE(selector.select(20ms).empty());
    }
    EXPECT_EQ(calls, 1);
    auto other = socket::socketpair();
    selector.add(other.first, Ready::write, 2);
    EXPECT_EQ(selector.select(0s).size(), 1u);
}

TEST(EpollSelector, a_duplicate_of_closed_data_reports_nothing) {
    Selector<Socket> selector;
    auto [near, far] = socket::socketpair();
    Socket twin = near.dup();
    int fd = near.fileno();
    auto key = selector.add(fd, Ready::read, std::move(near));
    key->data.close();
    selector.remove_closed(*key);
    far.sendall("x");
    EXPECT_TRUE(selector.select(20ms).empty());
    auto other = socket::socketpair();
    int number = other.first.fileno();
    selector.add(number, Ready::write, std::move(other.first));
    ASSERT_EQ(selector.select(0s).size(), 1u);
}

/// What epoll(7) says of a key that was removed after it was closed, for a duplicate keeps its socket.
struct StaleReport {
    explicit StaleReport(Selector<int>& selector) : ends(socket::socketpair()), twin(ends.first.dup()) {
        selector.add(ends.first, Ready::read, 1);
        ends.first.close();
        selector.remove(ends.first);
        ends.second.sendall("x");
    }
    socket::SocketPair ends;
    Socket twin;
};

// A turn with stale reports alone is no turn: an empty list says that the limit has passed.
TEST(EpollSelector, goes_on_waiting_behind_a_stale_report) {
    Selector<int> selector;
    StaleReport stale(selector);
    auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(selector.select(20ms).empty());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST(EpollSelector, a_negative_limit_does_not_wait_behind_a_stale_report) {
    Selector<int> selector;
    StaleReport stale(selector);
    int looks = 0;
    testing::Faults faults([&looks](sys::Call call) {  // a second look would be the one that waits
        bool is_second = call == sys::Call::epoll_wait && ++looks > 1;
        return is_second ? sys::Fault{EIO} : sys::Fault{};
    });
    EXPECT_TRUE(selector.select(-1ms).empty());
    EXPECT_EQ(looks, 1);
}

TEST(EpollSelector, is_put_off_and_not_ended_by_a_want_of_descriptors) {
    Selector<int> selector;
    auto [near, far] = socket::socketpair();
    Socket twin = near.dup();
    selector.add(near, Ready::read, 1);
    near.close();
    selector.remove(near);
    far.sendall("x");
    testing::Faults faults(testing::fail(sys::Call::epoll_create1, EMFILE, 2));
    EXPECT_TRUE(selector.select(50ms).empty());
}

TEST(EpollSelector, a_regular_file_is_refused_and_not_registered) {
    testing::TemporaryFolder folder;
    std::ofstream(folder.path("f")) << "x";
    int file = ::open(folder.path("f").c_str(), O_RDONLY | O_CLOEXEC);
    Selector<int> selector;
    try {
        selector.add(file, Ready::read);
        ADD_FAILURE();
    } catch (const PermissionError& error) {
        EXPECT_EQ(error.errnum(), EPERM);
    }
    EXPECT_FALSE(selector.contains(file));
    ::close(file);
}

TEST(EpollSelector, a_refused_change_removes_the_registration) {
    Selector<int> selector;
    auto [near, far] = socket::socketpair();
    selector.add(near, Ready::read);
    testing::Faults faults(testing::fail(sys::Call::epoll_ctl, ENOMEM));
    EXPECT_THROW(selector.modify(near, Ready::write), OSError);
    EXPECT_FALSE(selector.contains(near));
}

TEST(EpollSelector, has_a_descriptor_the_others_have_none) {
    EXPECT_GE(Selector<int>().fileno(), 0);
    EXPECT_THROW(Selector<int>(Method::poll).fileno(), ValueError);
    EXPECT_THROW(Selector<int>(Method::select).fileno(), ValueError);
}

// Container runtimes with a list of calls from before epoll_pwait2(2) answer EPERM for it, not ENOSYS.
TEST(EpollSelector, waits_where_a_filter_refuses_the_newer_call) {
    bool filtered = false;
    std::thread([&filtered] {  // the filter is the thread's, and goes with it
        std::array<sock_filter, 4> steps{{
            {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_epoll_pwait2},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
        }};
        sock_fprog filter{steps.size(), steps.data()};
        filtered = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                   ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
        if (!filtered) return;
        Selector<int> selector;
        auto [near, far] = socket::socketpair();
        selector.add(near, Ready::read);
        EXPECT_NO_THROW(EXPECT_TRUE(selector.select(5ms).empty()));
        far.sendall("x");
        EXPECT_NO_THROW(EXPECT_EQ(selector.select(20s).size(), 1u));
    })
        .join();
    if (!filtered) GTEST_SKIP() << "the kernel takes no filter of system calls";
}

TEST(SelectSelector, a_key_that_an_interrupt_hook_adds_is_asked_about) {
    static Selector<int>* of_the_hook;
    static FileDescriptor high;
    Selector<int> selector(Method::select);
    auto [near, far] = socket::socketpair();
    of_the_hook = &selector;
    high = FileDescriptor(::fcntl(near.fileno(), F_DUPFD_CLOEXEC, 512));  // far beyond the keys that were there
    auto [ready, writer] = socket::socketpair();
    selector.add(ready, Ready::read, 1);
    writer.sendall("x");
    lowlevel::set_interrupt_hook([] { of_the_hook->add(high.fileno(), Ready::read, 2); });
    testing::Faults faults(testing::fail(sys::Call::select, EINTR));
    auto hits = selector.select(20s);
    lowlevel::set_interrupt_hook(nullptr);
    ASSERT_EQ(hits.size(), 1u);
    EXPECT_EQ(hits[0].key->data, 1);
    high = {};
}

// B042: beyond FD_SETSIZE.
class HighDescriptor : public ::testing::Test {
protected:
    void SetUp() override {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        high = ::fcntl(pair.first.fileno(), F_DUPFD_CLOEXEC, 2000);
        ASSERT_GE(high, 2000);
    }
    void TearDown() override { ::close(high); }

    socket::SocketPair pair = socket::socketpair();
    int high = -1;
};

TEST_F(HighDescriptor, select_refuses_and_names_the_others) {
    for (auto call : {+[](int fd) { select::select({fd}, {}, {}, 0s); },
                      +[](int fd) { Selector<int>(Method::select).add(fd, Ready::read); }})
        try {
            call(high);
            ADD_FAILURE();
        } catch (const ValueError& error) {
            EXPECT_NE(std::string(error.what()).find("poll"), std::string::npos) << error.what();
        }
    Selector<int> selector(Method::select);
    EXPECT_THROW(selector.add(high, Ready::read), ValueError);
    selector.add(pair.first, Ready::write);  // and works on
    EXPECT_EQ(selector.select(0s).size(), 1u);
}

TEST_F(HighDescriptor, poll_and_epoll_take_any) {
    for (auto method : {Method::poll, Method::epoll}) {
        Selector<int> selector(method);
        selector.add(high, Ready::write);
        EXPECT_EQ(selector.select(0s).size(), 1u);
    }
}

}  // namespace
}  // namespace bight
