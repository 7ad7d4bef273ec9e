// SPDX-License-Identifier: BSL-1.0
#include <bight/resolver_pool.h>

#include <bight/error.h>

#include "sys/seam.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <netdb.h>

namespace bight::socket {
namespace {

using namespace std::chrono_literals;

/// A resolver that answers nobody until it is let go: a name server that keeps silent.
class BlackHole : public sys::Injector {
public:
    BlackHole() : before_(sys::seam::install(this)) {}
    ~BlackHole() override {
        let_go();
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return inside_ == 0; });
        sys::seam::install(before_);
    }

    sys::Fault before(sys::Call call) noexcept override {
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
    lookup.get();
    EXPECT_EQ(notices, 2);
    for (int i = 0; i < 200; ++i) {
        auto dropped = pool.getaddrinfo("127.0.0.3", {}, {}, notice);
        dropped.cancel();
        int after = notices;  // of this one: called before the cancel, or never
        std::this_thread::yield();
        EXPECT_EQ(notices, after);
    }
}

TEST(ResolverPool, many_at_once) {
    ResolverPool pool({.threads = 4});
    std::vector<Lookup> lookups;
    for (int i = 0; i < 500; ++i) lookups.push_back(pool.getaddrinfo("127.0.0.1", i + 1, {.kind = Kind::stream}));
    for (int i = 0; i < 500; ++i) EXPECT_EQ(lookups[static_cast<std::size_t>(i)].get().front().address.port(), i + 1);
}

}  // namespace
}  // namespace bight::socket
