// SPDX-License-Identifier: BSL-1.0
#include <bight/select.h>

#include <bight/lowlevel.h>
#include <bight/selectors.h>
#include <bight/socket.h>

#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

namespace bight::select {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

template <class Function>
int errnum_of(Function function) {
    try {
        function();
    } catch (const OSError& error) {
        return error.errnum();
    }
    return 0;
}

/// Sees a thread make its first call of a kind.
class Entered {
public:
    explicit Entered(sys::Call call)
        : faults_([=, this](sys::Call made) {
              if (made != call) return sys::Fault{};
              seen_ = true;
              seen_.notify_all();
              return sys::Fault{};
          }) {}
    void wait() { seen_.wait(false); }

private:
    std::atomic<bool> seen_ = false;
    testing::Faults faults_;
};

struct Pipe {
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw OSError(errno, "pipe2");
        reader = FileDescriptor(ends[0]);
        writer = FileDescriptor(ends[1]);
    }
    void write(std::string_view text) const {
        ASSERT_EQ(::write(writer.fileno(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    FileDescriptor reader, writer;
};

// ---- select.select. ----------------------------------------------------------------------------------------------------

TEST(Select, three_lists) {
    auto [near, far] = socket::socketpair();
    auto none = select({near}, {}, {near}, 0s);
    EXPECT_TRUE(none.readable.empty() && none.writable.empty() && none.exceptional.empty());
    far.sendall("x");
    auto [readable, writable, exceptional] = select({near, far}, {far, near}, {near}, 1s);
    EXPECT_EQ(readable, (std::vector<int>{near.fileno()}));
    EXPECT_EQ(writable, (std::vector<int>{far.fileno(), near.fileno()}));  // the order of the list
    EXPECT_TRUE(exceptional.empty());
}

TEST(Select, urgent_data_is_exceptional) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto client = socket::create_connection(listener.getsockname());
    auto server = listener.accept().socket;
    client.send("!", MSG_OOB);
    EXPECT_EQ(select({}, {}, {server}, 5s).exceptional.size(), 1u);
    EXPECT_EQ(server.recv(1, MSG_OOB), "!");
}

TEST(Select, refuses_nonsense) {
    EXPECT_THROW(select({-1}, {}, {}, 0s), ValueError);
    EXPECT_THROW(select({}, {}, {}, -1s), ValueError);
    Socket closed;
    closed.close();
    EXPECT_THROW(select({closed}, {}, {}, 0s), ValueError);
    int gone = Socket().fileno();
    EXPECT_THROW(select({gone}, {}, {}, 0s), OSError);
}

TEST(Select, comes_back_as_often_and_in_the_order_it_was_given) {
    auto [near, far] = socket::socketpair();
    int a = near.fileno(), b = far.fileno();
    EXPECT_EQ(select({}, {b, a, b}, {}, 0s).writable, (std::vector{b, a, b}));
    EXPECT_EQ(select({}, std::vector<FileLike>(3000, a), {}, 0s).writable.size(), 3000u);  // more than FD_SETSIZE
}

TEST(Select, sleeps_with_empty_lists) {
    auto begin = Clock::now();
    auto none = select({}, {}, {}, 10ms);
    EXPECT_GE(Clock::now() - begin, 10ms);
    EXPECT_TRUE(none.readable.empty() && none.writable.empty() && none.exceptional.empty());
}

TEST(Select, fills_lists_of_the_callers) {
    auto [near, far] = socket::socketpair();
    const FileLike both[] = {near, far};
    Selected ready;
    ready.readable.assign(9, 9);
    select_into(ready, both, both, {}, 0s);
    EXPECT_TRUE(ready.readable.empty());
    EXPECT_EQ(ready.writable.size(), 2u);
    auto* memory = ready.writable.data();
    select_into(ready, {}, both, {}, 0s);
    EXPECT_EQ(ready.writable.data(), memory);
    int gone = Socket().fileno();
    const FileLike closed[] = {gone};
    EXPECT_EQ(errnum_of([&] { select_into(ready, closed, both, {}, 0s); }), EBADF);
    EXPECT_TRUE(ready.writable.empty());
}

TEST(Select, goes_on_after_a_signal_with_the_time_that_is_left) {
    auto begin = Clock::now();
    testing::Faults faults(testing::fail(sys::Call::select, EINTR, 3));
    select({}, {}, {}, 10ms);
    EXPECT_GE(Clock::now() - begin, 10ms);
}

// ---- poll. -------------------------------------------------------------------------------------------------------------

TEST(Poll, asks_for_reading_and_writing_unless_told) {
    auto [near, far] = socket::socketpair();
    Poll poll;
    poll.add(near);
    far.sendall("x");
    auto ready = poll.poll(1s);
    ASSERT_EQ(ready.size(), 1u);
    EXPECT_EQ(ready[0], (PollEvent{near.fileno(), PollEvents::in | PollEvents::out}));
    poll.modify(near, POLLOUT);  // <poll.h>'s names
    EXPECT_EQ(poll.poll(1s)[0].events, POLLOUT);
    poll.add(near, PollEvents::in);  // a second time changes
    EXPECT_EQ(poll.poll(1s)[0].events, PollEvents::in);
    poll.remove(near);
    EXPECT_TRUE(poll.poll(0s).empty());
}

TEST(Poll, refuses_as_python_does) {
    Poll poll;
    EXPECT_THROW(poll.add(-1), ValueError);
    EXPECT_THROW(poll.modify(-1, POLLIN), ValueError);
    EXPECT_THROW(poll.remove(-1), ValueError);
    Socket closed;
    closed.close();
    EXPECT_THROW(poll.add(closed), ValueError);
    EXPECT_THROW(poll.add(0, -1), ValueError);
    EXPECT_THROW(poll.add(0, 0x10000), OverflowError);
    poll.add(0, 0xffff);
    EXPECT_THROW(poll.modify(0, -1), ValueError);
    EXPECT_THROW(poll.modify(0, 0x10000), OverflowError);
    EXPECT_THROW(poll.modify(7, POLLIN), FileNotFoundError);
    EXPECT_THROW(poll.remove(7), KeyError);
}

TEST(Poll, says_of_a_closed_descriptor_that_it_is) {
    Poll poll;
    auto pair = socket::socketpair();
    int fd = pair.first.fileno();
    poll.add(fd, POLLIN);
    poll.add(std::numeric_limits<int>::max(), POLLIN);
    pair.first.close();
    auto ready = poll.poll();
    ASSERT_EQ(ready.size(), 2u);
    EXPECT_EQ(ready[0], (PollEvent{fd, PollEvents::nval}));
    EXPECT_EQ(ready[1], (PollEvent{std::numeric_limits<int>::max(), PollEvents::nval}));
    poll.remove(fd);
    EXPECT_EQ(poll.poll().size(), 1u);
}

TEST(Poll, reports_in_order_of_registration) {
    std::vector<Pipe> pipes(40);
    Poll poll;
    std::vector<int> order;
    for (auto& pipe : pipes) {
        poll.add(pipe.writer, POLLOUT);
        order.push_back(pipe.writer.fileno());
    }
    auto reported = [&] {
        std::vector<int> fds;
        for (auto [fd, events] : poll.poll(0s)) fds.push_back(fd);
        return fds;
    };
    EXPECT_EQ(reported(), order);
    for (std::size_t i = 0; i < 35; ++i) {  // gaps, and what closes them
        std::size_t out = i * 7 % order.size();
        poll.remove(order[out]);
        order.erase(order.begin() + static_cast<std::ptrdiff_t>(out));
        ASSERT_EQ(reported(), order);
    }
    std::swap(order.front(), order.back());
    for (int fd : order) poll.remove(fd);
    for (int fd : order) poll.add(fd, POLLOUT);
    EXPECT_EQ(reported(), order);
}

/// poll(2) counts gaps against the limit, so none may be left.
TEST(Poll, comings_and_goings_do_not_use_up_the_limit) {
    rlimit before;
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    std::vector<Pipe> pipes(40);
    Poll poll;
    selectors::PollSelector<int> selector;
    std::vector<int> fds;
    for (auto& pipe : pipes)
        for (int fd : {pipe.reader.fileno(), pipe.writer.fileno()}) {
            fds.push_back(fd);
            poll.add(fd, POLLOUT);
            selector.add(fd, Ready::write, 0);
        }
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(*std::ranges::max_element(fds)) + 12;  // sanitizers need some of their own
    ASSERT_LT(low.rlim_cur, 2 * fds.size());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int fd : fds) {
        poll.remove(fd);
        poll.add(fd, POLLOUT);
        EXPECT_EQ(poll.poll(0s).size(), pipes.size());
        selector.remove(fd);
        selector.add(fd, Ready::write, 0);
        EXPECT_EQ(selector.select(0s).size(), pipes.size());
    }
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(Poll, the_end_of_a_pipe_and_a_regular_file) {
    Pipe pipe;
    Poll poll;
    poll.add(pipe.reader, POLLIN);
    pipe.write("rest");
    pipe.writer.close();
    EXPECT_EQ(poll.poll()[0].events, PollEvents::in | PollEvents::hup);
    char rest[4];
    EXPECT_EQ(::read(pipe.reader.fileno(), rest, 4), 4);
    EXPECT_EQ(poll.poll()[0].events, PollEvents::hup);
    auto file = FileDescriptor::open("/proc/self/exe");
    poll.remove(pipe.reader);
    poll.add(file);
    EXPECT_EQ(poll.poll()[0].events, PollEvents::in | PollEvents::out);
}

TEST(Poll, timeouts) {
    Pipe pipe;
    Poll poll;
    poll.add(pipe.reader, POLLIN);
    EXPECT_TRUE(poll.poll(0s).empty());
    auto begin = Clock::now();
    EXPECT_TRUE(poll.poll(10ms).empty());
    EXPECT_GE(Clock::now() - begin, 10ms);
    std::jthread writer([&] {
        Poll waiting;
        EXPECT_TRUE(waiting.poll(20ms).empty());
        pipe.write("x");
    });
    EXPECT_EQ(poll.poll(-1ns).size(), 1u);  // waits for as long as it takes
}

TEST(Poll, goes_on_after_a_signal_with_the_time_that_is_left) {
    Poll poll;
    auto begin = Clock::now();
    {
        testing::Faults faults(testing::fail(sys::Call::poll, EINTR, 3));
        EXPECT_TRUE(poll.poll(10ms).empty());
    }
    EXPECT_GE(Clock::now() - begin, 10ms);
    lowlevel::set_interrupt_hook([] { throw 7; });
    {
        testing::Faults faults(testing::fail(sys::Call::poll, EINTR));
        EXPECT_THROW(poll.poll(1s), int);
    }
    lowlevel::set_interrupt_hook(nullptr);
    EXPECT_TRUE(poll.poll(0s).empty());  // and is not taken for busy
}

// One thread waits. The registrations are changed under it, which it does not see before its next call.
TEST(Poll, admits_one_thread_and_changes_meanwhile) {
    Pipe pipe;
    Poll poll;
    std::vector<FileDescriptor> twins;
    for (int i = 0; i < 100; ++i) {
        twins.emplace_back(::dup(pipe.reader.fileno()));
        poll.add(twins.back(), POLLIN);
    }
    std::size_t reported = 0;
    Entered entered(sys::Call::poll);
    std::jthread waiting([&] { reported = poll.poll().size(); });
    entered.wait();
    for (auto& twin : twins) poll.remove(twin);
    for (auto& twin : twins) poll.add(twin, POLLIN);
    for (auto& twin : twins) poll.remove(twin);
    EXPECT_THROW(poll.poll(0s), BusyError);
    pipe.write("x");
    waiting.join();
    EXPECT_EQ(reported, 100u);
    EXPECT_TRUE(poll.poll(0s).empty());
}

TEST(Poll, uses_its_memory_again) {
    auto [near, far] = socket::socketpair();
    Poll poll;
    poll.add(near, POLLOUT);
    auto* memory = poll.poll(0s).data();
    for (int i = 0; i < 100; ++i) {
        poll.modify(near, i % 2 ? POLLOUT : POLLIN | POLLOUT);
        EXPECT_EQ(poll.poll(0s).data(), memory);
    }
}

TEST(Poll, moves) {
    auto [near, far] = socket::socketpair();
    Poll poll;
    poll.add(near, POLLOUT);
    Poll target = std::move(poll);
    EXPECT_EQ(target.poll(0s).size(), 1u);
    EXPECT_THROW(poll.poll(0s), ClosedError);
    EXPECT_THROW(poll.add(near), ClosedError);
    poll = Poll();
    EXPECT_TRUE(poll.poll(0s).empty());
}

TEST(Poll, more_descriptors_than_the_process_may_have) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    auto lowered = limit;
    lowered.rlim_cur = 99;
    Poll poll;
    for (int fd = 0; fd < 100; ++fd) poll.add(fd, 0);
    ::setrlimit(RLIMIT_NOFILE, &lowered);
    EXPECT_EQ(errnum_of([&] { poll.poll(0s); }), EINVAL);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(PollEvents, print) {
    std::ostringstream out;
    out << PollEvents(POLLIN | POLLHUP) << ' ' << PollEvents() << ' ' << PollEvents(POLLNVAL | 0x9000);
    EXPECT_EQ(out.str(), "POLLIN|POLLHUP 0 POLLNVAL|0x9000");
    EXPECT_TRUE(has(PollEvents(POLLIN | POLLPRI), PollEvents::pri));
    EXPECT_FALSE(has(PollEvents::in, POLLOUT | POLLHUP));
}

// ---- epoll. ------------------------------------------------------------------------------------------------------------

TEST(Epoll, is_made_closed_and_never_inherited) {
    auto before = testing::open_descriptors();
    {
        for (auto make : {+[] { return Epoll(); }, +[] { return Epoll(1); }, +[] { return Epoll(-1, 0); },
                          +[] { return Epoll(7, EPOLL_CLOEXEC); }}) {
            auto epoll = make();
            EXPECT_GE(epoll.fileno(), 0);
            EXPECT_FALSE(epoll.closed());
            EXPECT_EQ(::fcntl(epoll.fileno(), F_GETFD), FD_CLOEXEC);
        }
        EXPECT_THROW(Epoll(0), ValueError);
        EXPECT_THROW(Epoll(-2), ValueError);
        EXPECT_EQ(errnum_of([] { Epoll(-1, 12); }), EINVAL);
        testing::Faults faults(testing::fail(sys::Call::epoll_create1, EMFILE));
        EXPECT_EQ(errnum_of([] { Epoll(); }), EMFILE);
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(Epoll, everything_is_refused_after_close) {
    Epoll epoll;
    epoll.close();
    epoll.close();
    EXPECT_TRUE(epoll.closed());
    EXPECT_THROW(epoll.fileno(), ClosedError);
    EXPECT_THROW(epoll.add(-1), ClosedError);
    EXPECT_THROW(epoll.modify(-1, 0), ClosedError);
    EXPECT_THROW(epoll.remove(-1), ClosedError);
    EXPECT_THROW(epoll.poll(0s, 0), ClosedError);
    EXPECT_THROW(epoll.poll_into({}, 0s), ClosedError);
}

TEST(Epoll, two_on_one_descriptor) {
    auto pair = socket::socketpair();
    Epoll one;
    Epoll other = Epoll::fromfd(one.fileno());
    other.add(pair.first, EpollEvents::out);
    EXPECT_EQ(one.poll(0s).size(), 1u);
    one.close();
    EXPECT_EQ(errnum_of([&] { other.poll(0s); }), EBADF);
    EXPECT_EQ(errnum_of([&] { other.add(pair.second); }), EBADF);
    EXPECT_EQ(errnum_of([&] { other.close(); }), EBADF);
    EXPECT_TRUE(other.closed());
    EXPECT_THROW(Epoll::fromfd(-1), ValueError);
    auto no_epoll = Epoll::fromfd(::dup(pair.first.fileno()));
    EXPECT_EQ(errnum_of([&] { no_epoll.poll(0s); }), EINVAL);
}

TEST(Epoll, refuses_as_the_kernel_does) {
    Epoll epoll;
    auto [near, far] = socket::socketpair();
    EXPECT_THROW(epoll.add(-1), ValueError);
    int gone = Socket().fileno();
    EXPECT_EQ(errnum_of([&] { epoll.add(gone); }), EBADF);
    EXPECT_EQ(errnum_of([&] { epoll.modify(near, EPOLLIN); }), ENOENT);
    EXPECT_EQ(errnum_of([&] { epoll.remove(near); }), ENOENT);
    EXPECT_EQ(errnum_of([&] { epoll.add(epoll); }), EINVAL);
    epoll.add(near);
    EXPECT_THROW(epoll.add(near), FileExistsError);
    auto file = FileDescriptor::open("/proc/self/exe");
    EXPECT_THROW(epoll.add(file), PermissionError);
    int number = far.fileno();
    epoll.add(far);
    far.close();
    EXPECT_EQ(errnum_of([&] { epoll.remove(number); }), EBADF);
    EXPECT_THROW(epoll.poll(0s, 0), ValueError);
    EXPECT_THROW(epoll.poll(0s, -2), ValueError);
    EXPECT_THROW(epoll.poll_into({}, 0s), ValueError);
}

TEST(Epoll, a_new_connection_is_writable_once_if_edge_triggered) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto client = socket::create_connection(listener.getsockname());
    auto server = listener.accept().socket;
    Epoll epoll(16);
    epoll.add(server, EpollEvents::in | EpollEvents::out | EpollEvents::et);
    epoll.add(client, EPOLLIN | EPOLLOUT | EPOLLET);  // <sys/epoll.h>'s names
    EXPECT_EQ(epoll.poll(1s, 4).size(), 2u);
    EXPECT_TRUE(epoll.poll(0s).empty());
    client.sendall("Hello!");
    auto ready = epoll.poll(5s, 1);
    ASSERT_EQ(ready.size(), 1u);
    EXPECT_EQ(ready[0], (EpollEvent{server.fileno(), EpollEvents::in | EpollEvents::out}));
    epoll.remove(client);
    epoll.modify(server, EpollEvents::out);
    EXPECT_EQ(epoll.poll(0s).size(), 1u);
}

TEST(Epoll, modes) {
    auto [near, far] = socket::socketpair();
    Epoll epoll, second;
    epoll.add(near, EpollEvents::out | EpollEvents::oneshot);
    EXPECT_EQ(epoll.poll(0s).size(), 1u);
    EXPECT_TRUE(epoll.poll(0s).empty());  // until it is armed again
    epoll.modify(near, EpollEvents::in | EpollEvents::rdhup | EpollEvents::wakeup);
    far.shutdown(SHUT_WR);
    EXPECT_EQ(epoll.poll(1s)[0].events, EpollEvents::in | EpollEvents::rdhup);
    epoll.remove(near);
    epoll.add(near, EpollEvents::out | EpollEvents::exclusive);
    EXPECT_EQ(epoll.poll(0s).size(), 1u);
    EXPECT_EQ(errnum_of([&] { epoll.modify(near, EpollEvents::in); }), EINVAL);
    EXPECT_EQ(errnum_of([&] { second.add(near, EPOLLPRI | EPOLLEXCLUSIVE | EPOLLONESHOT); }), EINVAL);
}

TEST(Epoll, reports_no_more_than_was_asked_for) {
    std::vector<Pipe> pipes(10);
    Epoll epoll;
    for (auto& pipe : pipes) epoll.add(pipe.writer, EPOLLOUT);
    EXPECT_EQ(epoll.poll(0s, 3).size(), 3u);
    EXPECT_EQ(epoll.poll(0s, std::numeric_limits<int>::max()).size(), 10u);
    EXPECT_EQ(epoll.poll(0s).size(), 10u);
    EpollEvent room[4];
    auto filled = epoll.poll_into(room, 0s);
    EXPECT_EQ(filled.data(), room);
    EXPECT_EQ(filled.size(), 4u);
}

TEST(Epoll, timeouts) {
    Pipe pipe;
    Epoll epoll;
    epoll.add(pipe.reader, EPOLLIN);
    auto begin = Clock::now();
    EXPECT_TRUE(epoll.poll(10ms).empty());
    EXPECT_GE(Clock::now() - begin, 10ms);
    std::jthread writer([&] {
        select({}, {}, {}, 20ms);
        pipe.write("x");
    });
    EXPECT_EQ(epoll.poll(-1ns).size(), 1u);  // waits for as long as it takes
}

TEST(Epoll, goes_on_after_a_signal_with_the_time_that_is_left) {
    static Epoll epoll;
    epoll = Epoll();
    auto begin = Clock::now();
    {
        testing::Faults faults(testing::fail(sys::Call::epoll_wait, EINTR, 3));
        EXPECT_TRUE(epoll.poll(10ms).empty());
    }
    EXPECT_GE(Clock::now() - begin, 10ms);
    testing::Faults faults(testing::fail(sys::Call::epoll_wait, EINTR, 2));
    lowlevel::set_interrupt_hook([] { throw 7; });
    EXPECT_THROW(epoll.poll(1s), int);
    lowlevel::set_interrupt_hook([] { epoll.close(); });
    EXPECT_THROW(epoll.poll(1s), ClosedError);
    lowlevel::set_interrupt_hook(nullptr);
}

TEST(Epoll, admits_one_thread_in_poll_and_many_in_poll_into) {
    Pipe pipe;
    Epoll epoll;
    epoll.add(pipe.reader, EPOLLIN);
    Entered entered(sys::Call::epoll_wait);
    std::jthread lent([&] { EXPECT_EQ(epoll.poll().size(), 1u); });
    entered.wait();
    EXPECT_THROW(epoll.poll(0s), BusyError);
    std::vector<std::jthread> others;
    for (int i = 0; i < 3; ++i)
        others.emplace_back([&] {
            EpollEvent room[2];
            EXPECT_EQ(epoll.poll_into(room).size(), 1u);
        });
    pipe.write("x");
}

TEST(Epoll, moves) {
    auto [near, far] = socket::socketpair();
    auto before = testing::open_descriptors();
    {
        Epoll epoll;
        epoll.add(near, EPOLLOUT);
        Epoll target = std::move(epoll);
        EXPECT_TRUE(epoll.closed());
        EXPECT_THROW(epoll.poll(0s), ClosedError);
        EXPECT_EQ(target.poll(0s).size(), 1u);
        target = Epoll();
        EXPECT_TRUE(target.poll(0s).empty());
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(Epoll, uses_its_memory_again) {
    auto [near, far] = socket::socketpair();
    Epoll epoll;
    epoll.add(near, EPOLLOUT);
    auto* memory = epoll.poll(0s).data();
    for (int room : {1, 1023, -1}) EXPECT_EQ(epoll.poll(0s, room).data(), memory);
}

TEST(EpollEvents, print) {
    std::ostringstream out;
    out << EpollEvents(EPOLLIN | EPOLLET) << ' ' << EpollEvents() << ' ' << EpollEvents(1u << 27);
    EXPECT_EQ(out.str(), "EPOLLIN|EPOLLET 0 0x8000000");
}

// ---- Beyond FD_SETSIZE. ------------------------------------------------------------------------------------------------

TEST(HighDescriptors, poll_and_epoll_take_any) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    auto raised = limit;
    raised.rlim_cur = raised.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &raised);
    auto pair = socket::socketpair();
    FileDescriptor high(::fcntl(pair.first.fileno(), F_DUPFD_CLOEXEC, 2000));
    ASSERT_GE(high.fileno(), 2000);
    EXPECT_THROW(select({high}, {}, {}, 0s), ValueError);
    Poll poll;
    poll.add(high, POLLOUT);
    EXPECT_EQ(poll.poll(0s).size(), 1u);
    Epoll epoll;
    epoll.add(high, EPOLLOUT);
    EXPECT_EQ(epoll.poll(0s).size(), 1u);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace bight::select
