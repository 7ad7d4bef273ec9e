// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/threads.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"
#include "sys/seam.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bight::asyncio {
namespace {

struct ThreadsTest : OnEveryEngine {};

std::thread::id where() { return std::this_thread::get_id(); }
int add(int a, int b) { return a + b; }
int raise() { throw ValueError("in the thread"); }

// ---- to_thread(). ------------------------------------------------------------------------------------------------------

TEST_P(ThreadsTest, a_call_runs_elsewhere_and_brings_its_result_or_its_error) {
    auto talk = []() -> Task<> {
        auto other = co_await to_thread(where);
        EXPECT_NE(other, std::this_thread::get_id());
        int sum = co_await to_thread(add, 2, 3);
        EXPECT_EQ(sum, 5);
        bool raised = false;
        try {
            co_await to_thread(raise);
        } catch (const ValueError& error) {
            raised = error.what() == std::string("in the thread");
        }
        EXPECT_TRUE(raised);
        auto own = std::make_unique<std::string>("moved in and out");
        auto pass = [](std::unique_ptr<std::string> text) { return text; };
        auto back = co_await to_thread(pass, std::move(own));
        EXPECT_EQ(*back, "moved in and out");
    };
    run(talk());
}

TEST_P(ThreadsTest, the_loop_goes_on_meanwhile) {
    auto talk = []() -> Task<> {
        std::promise<void> go;
        auto wait = [&go] { go.get_future().wait(); };
        TaskGroup group;
        auto call = to_thread(wait);
        auto waiting = group.create_task(std::move(call));
        for (int i = 0; i < 10; ++i) co_await sleep(Duration::zero());
        EXPECT_FALSE(waiting.done());
        go.set_value();
        co_await group.join();
        EXPECT_TRUE(waiting.done());
    };
    run(talk());
}

TEST_P(ThreadsTest, hundreds_of_calls_share_a_bounded_number_of_threads) {
    auto talk = []() -> Task<> {
        std::mutex mutex;
        std::vector<std::thread::id> threads;
        auto note = [&](int number) {
            std::lock_guard lock(mutex);
            if (std::find(threads.begin(), threads.end(), where()) == threads.end()) threads.push_back(where());
            return number;
        };
        std::vector<Task<int>> calls;
        for (int i = 0; i < 500; ++i) calls.push_back(to_thread(note, i));
        auto numbers = co_await gather(std::move(calls));
        for (int i = 0; i < 500; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], i);
        EXPECT_LE(threads.size(), std::min(32u, std::thread::hardware_concurrency() + 4));
    };
    run(talk());
}

// What the thread uses is its own: the task and the loop are gone when it goes on.
TEST_P(ThreadsTest, a_cancellation_ends_the_wait_and_leaves_the_thread) {
    struct Shared {
        std::promise<void> begun, go, ended;
    };
    auto shared = std::make_shared<Shared>();
    auto work = [](std::shared_ptr<Shared> own) {
        own->begun.set_value();
        own->go.get_future().wait();
        own->ended.set_value();
    };
    auto begun = shared->begun.get_future();
    auto talk = [&]() -> Task<> {
        auto call = to_thread(work, shared);
        TaskGroup group;
        auto handle = group.create_task(std::move(call));
        while (begun.wait_for(0s) != std::future_status::ready) co_await sleep(1ms);
        handle.cancel();
        co_await group.join();
        EXPECT_TRUE(handle.cancelled());
    };
    run(talk());
    auto ended = shared->ended.get_future();
    shared->go.set_value();
    ended.wait();
}

TEST_P(ThreadsTest, a_call_that_no_thread_has_begun_is_dropped_when_it_is_cancelled) {
    auto talk = []() -> Task<> {
        struct Shared {
            std::promise<void> go;
            std::shared_future<void> gone{go.get_future()};
            std::atomic<int> ran{0};
        };
        auto shared = std::make_shared<Shared>();
        auto block = [](std::shared_ptr<Shared> own) { own->gone.wait(); };
        auto count = [](std::shared_ptr<Shared> own) { ++own->ran; };
        TaskGroup group;
        for (unsigned i = 0; i < std::min(32u, std::thread::hardware_concurrency() + 4); ++i) {
            auto call = to_thread(block, shared);
            (void)group.create_task(std::move(call));
        }
        co_await sleep(Duration::zero());
        auto call = to_thread(count, shared);
        auto waiting = group.create_task(std::move(call));
        co_await sleep(Duration::zero());
        waiting.cancel();
        co_await sleep(Duration::zero());
        EXPECT_TRUE(waiting.cancelled());
        shared->go.set_value();
        co_await group.join();
        EXPECT_EQ(shared->ran, 0);
    };
    run(talk());
}

struct NoThreads : sys::Injector {
    sys::Fault before(sys::Call call) noexcept override { return {.errnum = call == sys::Call::clone ? EAGAIN : 0}; }
};

TEST_P(ThreadsTest, without_a_thread_the_call_raises) {
    if (!sys::seam::built) GTEST_SKIP() << "built without fault injection";
    auto talk = []() -> Task<> {
        NoThreads none;
        bool raised = false;
#ifdef BIGHT_FAULTS
        auto* before = sys::seam::install(&none);
        try {
            co_await to_thread(add, 1, 1);
        } catch (const OSError& error) {
            raised = error.errnum() == EAGAIN;
        }
        sys::seam::install(before);
#endif
        EXPECT_TRUE(raised);
        int sum = co_await to_thread(add, 1, 1);
        EXPECT_EQ(sum, 2);
    };
    run(talk());
}

// ---- run_coroutine_threadsafe(). ---------------------------------------------------------------------------------------

/// A loop that runs in a thread of its own.
class LoopThread {
public:
    explicit LoopThread(EngineChoice engine) {
        std::promise<EventLoop*> made;
        auto got = made.get_future();
        thread_ = std::thread([&made, engine] {
            EventLoop here(options_for(engine));
            made.set_value(&here);
            here.run_forever();
        });
        loop = got.get();
    }
    ~LoopThread() { end(); }
    void end() {
        if (!thread_.joinable()) return;
        loop->call_soon_threadsafe([] { get_running_loop().stop(); });
        thread_.join();
    }
    EventLoop* loop;

private:
    std::thread thread_;
};

Task<int> in_loop(int value) {
    co_await sleep(1ms);
    if (value < 0) throw ValueError("less than nothing");
    co_return value;
}
TEST_P(ThreadsTest, a_task_in_a_loop_of_another_thread_brings_its_result_or_its_error) {
    LoopThread other(choice());
    auto seven = run_coroutine_threadsafe(in_loop(7), *other.loop);
    EXPECT_EQ(seven.result(), 7);
    EXPECT_TRUE(seven.done());
    EXPECT_FALSE(seven.cancel());
    auto bad = run_coroutine_threadsafe(in_loop(-1), *other.loop);
    EXPECT_THROW(std::rethrow_exception(bad.exception()), ValueError);
    EXPECT_THROW(bad.result(), ValueError);
    std::vector<ThreadsafeFuture<int>> many;
    for (int i = 0; i < 200; ++i) many.push_back(run_coroutine_threadsafe(in_loop(i), *other.loop));
    for (int i = 0; i < 200; ++i) EXPECT_EQ(many[static_cast<std::size_t>(i)].result(10s), i);
}

TEST_P(ThreadsTest, a_limit_and_a_cancellation_of_a_remote_task) {
    LoopThread other(choice());
    auto slow = run_coroutine_threadsafe(for_ever(), *other.loop);
    EXPECT_THROW(slow.result(1ms), TimeoutError);
    EXPECT_FALSE(slow.done());
    EXPECT_TRUE(slow.cancel());
    EXPECT_THROW(slow.result(), Cancelled);
    EXPECT_TRUE(slow.cancelled());
}

TEST_P(ThreadsTest, the_end_of_the_loop_cancels_what_is_left_of_others) {
    LoopThread other(choice());
    std::vector<ThreadsafeFuture<void>> left;
    for (int i = 0; i < 20; ++i) left.push_back(run_coroutine_threadsafe(for_ever(), *other.loop));
    other.end();
    for (auto& future : left) {
        EXPECT_THROW(future.result(), Cancelled);
        EXPECT_FALSE(future.cancel());
    }
}

TEST_P(ThreadsTest, result_in_the_thread_of_the_loop_is_refused) {
    auto talk = []() -> Task<> {
        auto future = run_coroutine_threadsafe(in_loop(1), get_running_loop());
        EXPECT_THROW(future.result(), RuntimeError);
        while (!future.done()) co_await sleep(Duration::zero());
        EXPECT_EQ(future.result(), 1);
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(ThreadsTest);

}  // namespace
}  // namespace bight::asyncio
