// SPDX-License-Identifier: BSL-1.0
#include <bight/resolver_pool.h>

#include <bight/error.h>

#include "support/descriptors.h"
#include "support/disturbances.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include <netdb.h>

namespace bight::socket {
namespace {

using namespace std::chrono_literals;

/// A resolver that answers nobody until it is let go: a name server that keeps silent.
class BlackHole : public sys::Injector {
public:
    /// `on_wait` is asked before somebody waits for a look-up.
    explicit BlackHole(std::function<sys::Fault()> on_wait = nullptr)
        : on_wait_(std::move(on_wait)), before_(sys::seam::install(this)) {}
    ~BlackHole() override {
        let_go();
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return inside_ == 0; });
        sys::seam::install(before_);
    }

    sys::Fault before(sys::Call call) noexcept override {
        if (call == sys::Call::futex && on_wait_) return on_wait_();
        if (call != sys::Call::getaddrinfo) return {};
        std::unique_lock lock(mutex_);
        ++inside_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        --inside_;
        changed_.notify_all();
        return {};
    }

    void let_go() {
        std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

    void wait_until_inside(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return inside_ == count; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int inside_ = 0;
    bool open_ = false;
    std::function<sys::Fault()> on_wait_;
    sys::Injector* before_;
};

TEST(ResolverPool, answers_as_getaddrinfo_does) {
    ResolverPool pool;
    auto lookup = pool.getaddrinfo("127.0.0.1", 80, {.kind = Kind::stream});
    EXPECT_EQ(lookup.get().front().address, Address::ip("127.0.0.1", 80));
    EXPECT_TRUE(lookup.done());
    EXPECT_EQ(lookup.get(0s).size(), 1u);
    EXPECT_THROW(pool.getaddrinfo("localhost", "no-such-service").get(), GaiError);
    EXPECT_THROW(pool.getaddrinfo(std::string(300, 'a')), ValueError);
    EXPECT_THROW(ResolverPool({.threads = 0}), ValueError);
}

// B022: a silent resolver holds up nobody: look-ups time out, can be cancelled, and the pool ends without it.
TEST(ResolverPool, nobody_waits_for_a_silent_resolver) {
    BlackHole hole;
    auto begin = std::chrono::steady_clock::now();
    {
        ResolverPool pool({.threads = 2});
        auto one = pool.getaddrinfo("one.invalid"), other = pool.getaddrinfo("other.invalid");
        auto queued = pool.getaddrinfo("queued.invalid");
        hole.wait_until_inside(2);
        EXPECT_THROW(one.get(5ms), TimeoutError);
        EXPECT_FALSE(one.done());
        one.cancel();
        EXPECT_TRUE(one.done());
        try {
            one.get();
            ADD_FAILURE();
        } catch (const OSError& error) {
            EXPECT_EQ(error.errnum(), ECANCELED);
        }
        auto abandoned = pool.getaddrinfo("abandoned.invalid");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST(ResolverPool, what_the_pool_leaves_behind_is_cancelled) {
    BlackHole hole;
    std::optional<Lookup> running, queued;
    {
        ResolverPool pool({.threads = 1});
        running = pool.getaddrinfo("running.invalid");
        hole.wait_until_inside(1);
        queued = pool.getaddrinfo("queued.invalid");
    }
    EXPECT_THROW(running->get(), OSError);
    EXPECT_THROW(queued->get(), OSError);
}

TEST(ResolverPool, its_queue_is_bounded_and_cancelled_look_ups_make_room) {
    BlackHole hole;
    ResolverPool pool({.threads = 1, .queue = 2});
    auto running = pool.getaddrinfo("running.invalid");
    hole.wait_until_inside(1);
    auto first = pool.getaddrinfo("first.invalid");
    auto second = pool.getaddrinfo("second.invalid");
    EXPECT_THROW(pool.getaddrinfo("third.invalid"), BlockingIOError);
    first.cancel();
    EXPECT_NO_THROW(pool.getaddrinfo("third.invalid"));
}

TEST(ResolverPool, gives_notice_once_and_never_after_a_cancel) {
    std::atomic<int> notices = 0;
    LookupNotice notice{[](void* context) noexcept { ++*static_cast<std::atomic<int>*>(context); }, &notices};
    ResolverPool pool;
    auto lookup = pool.getaddrinfo("127.0.0.1", {}, {}, notice);
    lookup.get();
    lookup = pool.getaddrinfo("127.0.0.2", {}, {}, notice);  // the one before has ended
    EXPECT_GE(notices, 1);
    lookup.get();
    lookup.cancel();  // too late for the look-up, but waits for the notice
    EXPECT_EQ(notices, 2);
    EXPECT_FALSE(lookup.get().empty());
    for (int i = 0; i < 200; ++i) {
        auto dropped = pool.getaddrinfo("127.0.0.3", {}, {}, notice);
        dropped.cancel();
        int after = notices;  // of this one: called before the cancel, or never
        std::this_thread::yield();
        EXPECT_EQ(notices, after);
    }
}

TEST(ResolverPool, an_end_waits_for_the_notice_that_is_being_given) {
    std::promise<void> in_the_notice, may_return;
    struct Context {
        std::promise<void>& in_the_notice;
        std::future<void> may_return;
        std::atomic<bool> returned = false;
    } context{in_the_notice, may_return.get_future()};
    LookupNotice notice{[](void* pointer) noexcept {
                            auto& now = *static_cast<Context*>(pointer);
                            now.in_the_notice.set_value();
                            now.may_return.wait();
                            now.returned = true;
                        },
                        &context};
    std::once_flag once;
    BlackHole hole([&] { return std::call_once(once, [&] { may_return.set_value(); }), sys::Fault(); });
    hole.let_go();
    ResolverPool pool;
    auto lookup = pool.getaddrinfo("127.0.0.1", {}, {}, notice);
    in_the_notice.get_future().wait();
    lookup.cancel();
    EXPECT_TRUE(context.returned);
    std::call_once(once, [&] { may_return.set_value(); });  // if nobody waited
}

TEST(ResolverPool, a_notice_may_use_the_look_up_and_the_pool) {
    struct Context {
        std::optional<ResolverPool> pool;
        std::optional<Lookup> lookup, next;
        std::size_t found = 0;
        std::promise<void> called;
    } context;
    context.pool.emplace(ResolverOptions{.threads = 1});
    LookupNotice notice{[](void* pointer) noexcept {
                            auto& now = *static_cast<Context*>(pointer);
                            if (now.lookup->done()) now.found = now.lookup->get().size();
                            now.lookup->cancel();
                            now.next = now.pool->getaddrinfo("127.0.0.2", 80, {.kind = Kind::stream});
                            now.lookup.reset();
                            now.called.set_value();
                        },
                        &context};
    BlackHole hole;
    context.lookup = context.pool->getaddrinfo("127.0.0.1", 80, {.kind = Kind::stream}, notice);
    hole.let_go();
    context.called.get_future().wait();
    EXPECT_EQ(context.found, 1u);
    EXPECT_EQ(context.next->get().front().address, Address::ip("127.0.0.2", 80));
}

TEST(ResolverPool, takes_no_look_up_while_it_is_being_ended) {
    struct Context {
        ResolverPool* pool = nullptr;
        std::promise<void> called;
        int errnum = 0;
    } context;
    std::optional<ResolverPool> pool(ResolverOptions{.threads = 1});
    context.pool = &*pool;
    LookupNotice notice{[](void* pointer) noexcept {
                            auto& now = *static_cast<Context*>(pointer);
                            now.called.set_value();
                            auto begin = std::chrono::steady_clock::now();
                            while (now.errnum == 0 && std::chrono::steady_clock::now() - begin < 10s) {
                                try {
                                    auto queued = now.pool->getaddrinfo("127.0.0.1", 80);
                                    std::this_thread::yield();
                                } catch (const OSError& error) {
                                    now.errnum = error.errnum();
                                }
                            }
                        },
                        &context};
    auto lookup = pool->getaddrinfo("127.0.0.1", 80, {}, notice);
    context.called.get_future().wait();
    pool.reset();
    EXPECT_EQ(context.errnum, ECANCELED);
}

TEST(ResolverPool, every_thread_that_can_be_begun_makes_room) {
    for (std::size_t queue : {0u, 1u}) {
        BlackHole hole;
        ResolverPool pool({.threads = 4, .queue = queue});
        std::vector<Lookup> lookups;
        for (std::size_t i = 0; i < 4 + queue; ++i) lookups.push_back(pool.getaddrinfo("127.0.0.1"));
        EXPECT_THROW(pool.getaddrinfo("127.0.0.1"), BlockingIOError);
        hole.let_go();
        for (auto& lookup : lookups) EXPECT_FALSE(lookup.get().empty());
    }
}

TEST(ResolverPool, waits_for_as_long_as_there_is_time) {
    BlackHole* the_hole = nullptr;
    BlackHole hole([&the_hole] { return the_hole->let_go(), sys::Fault(); });
    the_hole = &hole;
    ResolverPool pool;
    auto lookup = pool.getaddrinfo("127.0.0.1", 80, {.kind = Kind::stream});
    EXPECT_THROW(lookup.get(-1ns), ValueError);
    EXPECT_EQ(lookup.get(Duration::max()).size(), 1u);  // its answer comes once this waits
}

/// B023: nothing that belongs to a look-up is closed twice, or left open.
TEST(ResolverPool, ten_thousand_cancelled_look_ups_leave_no_descriptor) {
    auto before = testing::open_descriptors();
    {
        ResolverPool pool({.threads = 4});
        for (int i = 0; i < 10'000; ++i) {
            auto lookup = pool.getaddrinfo("127.0.0.1", 80, {.kind = Kind::stream});
            if (i % 2 == 0) lookup.cancel();
        }
        EXPECT_EQ(pool.getaddrinfo("127.0.0.1", 80, {.kind = Kind::stream}).get().front().address.port(), 80);
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

TEST(ResolverPool, a_signal_asks_the_hook) {
    int signals = 3;
    BlackHole hole([&signals] { return sys::Fault{signals-- > 0 ? EINTR : 0}; });
    ResolverPool pool;
    auto lookup = pool.getaddrinfo("127.0.0.1", 80);
    EXPECT_THROW(lookup.get(1ms), TimeoutError);  // without a hook it goes on waiting
    EXPECT_LT(signals, 0);
    testing::RaisingHook hook;
    signals = 1;
    EXPECT_THROW(lookup.get(), testing::RaisingHook::Signal);
}

TEST(ResolverPool, goes_on_with_the_threads_that_there_are) {
    ResolverPool pool({.threads = 4, .queue = 0});
    {
        testing::Faults faults(testing::fail(sys::Call::clone, EAGAIN));
        try {
            pool.getaddrinfo("127.0.0.1");
            ADD_FAILURE();
        } catch (const BlockingIOError&) {
            ADD_FAILURE();  // that says that the queue is full
        } catch (const OSError& error) {
            EXPECT_EQ(error.errnum(), EAGAIN);
        }
    }
    std::vector<Lookup> lookups;
    lookups.push_back(pool.getaddrinfo("127.0.0.1"));
    testing::Faults faults(testing::fail(sys::Call::clone, EAGAIN, 100));
    for (int i = 0; i < 3; ++i) lookups.push_back(pool.getaddrinfo("127.0.0.1"));
    for (auto& lookup : lookups) EXPECT_FALSE(lookup.get().empty());
}

TEST(ResolverPool, many_at_once) {
    ResolverPool pool({.threads = 4});
    std::vector<Lookup> lookups;
    for (int i = 0; i < 500; ++i) lookups.push_back(pool.getaddrinfo("127.0.0.1", i + 1, {.kind = Kind::stream}));
    for (int i = 0; i < 500; ++i) EXPECT_EQ(lookups[static_cast<std::size_t>(i)].get().front().address.port(), i + 1);
}

}  // namespace
}  // namespace bight::socket
