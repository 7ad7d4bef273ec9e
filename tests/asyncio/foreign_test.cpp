// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/foreign.h>

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"
#include "asyncio/foreign_coroutines.h"

#include <coroutine>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bight::asyncio {
namespace {

using foreign::Eager;
using foreign::Gate;
using foreign::Lazy;

struct ForeignTest : OnEveryEngine {};

Task<std::string> greeting(Duration delay) {
    co_await sleep(delay);
    co_return "hello";
}
Task<std::string> refuses() {
    co_await sleep(0s);
    throw ValueError("no");
    co_return "";
}

/// Waits for ever, and notes that it was cancelled; takes a while to end.
Task<> lingers(std::vector<std::string>* notes) {
    try {
        co_await sleep(1h);
    } catch (const Cancelled&) {
        notes->push_back("cancelled");
        throw;
    }
}

// ---- Theirs wait for ours. ---------------------------------------------------------------------------------------------

Eager ask(std::string* said, Duration delay) { *said = co_await ensure_future(greeting(delay)); }

TEST_P(ForeignTest, an_eager_coroutine_gets_the_result_of_a_task) {
    auto main = []() -> Task<std::string> {
        std::string said;
        Eager asking = ask(&said, 1ms);
        EXPECT_FALSE(asking.done());
        while (!asking.done()) co_await sleep(1ms);
        co_return said;
    };
    EXPECT_EQ(run(main()), "hello");
}

Lazy<std::string> ask_lazily(Duration delay) {
    std::string first = co_await ensure_future(greeting(delay));
    co_return first + " " + co_await ensure_future(greeting(delay));
}

TEST_P(ForeignTest, a_task_gets_the_result_of_a_lazy_coroutine_that_waits_for_tasks) {
    auto main = []() -> Task<std::string> { co_return co_await wrap_future(ask_lazily(1ms)); };
    EXPECT_EQ(run(main()), "hello hello");
}

Lazy<std::string> ask_who_refuses() {
    try {
        co_return co_await ensure_future(refuses());
    } catch (const ValueError& error) {
        throw std::runtime_error(std::string("they said ") + error.what());
    }
}

TEST_P(ForeignTest, exceptions_are_given_over_both_ways) {
    auto main = []() -> Task<std::string> {
        try {
            co_return co_await wrap_future(ask_who_refuses());
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
    };
    EXPECT_EQ(run(main()), "they said no");
}

Eager read_all(std::shared_ptr<Stream> stream, std::string* read) {
    while (true) {
        Buffer data = co_await ensure_future(stream->read());
        if (!data) break;
        read->append(Bytes(data).view());
    }
}

TEST_P(ForeignTest, any_wait_can_be_awaited) {
    auto main = []() -> Task<> {
        Pair pair = co_await connected_pair();
        std::string read;
        Eager reading = read_all(std::make_shared<Stream>(std::move(pair.b)), &read);
        co_await pair.a.write("one ");
        co_await settle();
        co_await pair.a.write("two");
        pair.a.write_eof();
        while (!reading.done()) co_await sleep(1ms);
        EXPECT_EQ(read, "one two");
    };
    run(main());
}

Eager note_turns(std::vector<std::string>* notes) {
    auto done = ensure_future(greeting(0s));
    notes->push_back("begins");
    (void)co_await done;
    notes->push_back(current_task() ? "in a task" : "in none");
}

TEST_P(ForeignTest, it_goes_on_by_the_queue_and_as_no_part_of_a_task) {
    std::vector<std::string> notes;
    auto main = [&notes]() -> Task<> {
        Eager noting = note_turns(&notes);
        notes.push_back("goes on");
        co_await settle(10);
        notes.push_back("ends");
    };
    run(main());
    EXPECT_EQ(notes, (std::vector<std::string>{"begins", "goes on", "in none", "ends"}));
}

Eager await_what_is_done(int* sum) {
    auto future = ensure_future(after(0s, 3));
    while (!future.done()) co_await ensure_future(sleep(0s));
    *sum += co_await future;
    auto raised = ensure_future(refuses());
    while (!raised.done()) co_await ensure_future(sleep(0s));
    EXPECT_NE(raised.exception(), nullptr);
    EXPECT_THROW((void)raised.result(), ValueError);
}

TEST_P(ForeignTest, what_is_done_is_not_waited_for) {
    int sum = 0;
    auto main = [&sum]() -> Task<> {
        Eager waiting = await_what_is_done(&sum);
        while (!waiting.done()) co_await sleep(0s);
    };
    run(main());
    EXPECT_EQ(sum, 3);
}

// ---- Cancellation. -----------------------------------------------------------------------------------------------------

Eager wait_for_cancelled(Ensured<void>* future, std::vector<std::string>* notes) {
    try {
        co_await *future;
    } catch (const Cancelled&) {
        notes->push_back(future->cancelled() ? "told" : "told too soon");
    }
}

TEST_P(ForeignTest, cancel_ends_the_task_and_tells_who_waits) {
    std::vector<std::string> notes;
    auto main = [&notes]() -> Task<> {
        auto future = ensure_future(lingers(&notes));
        Eager waiting = wait_for_cancelled(&future, &notes);
        co_await settle();
        future.cancel();
        notes.push_back("asked");
        while (!waiting.done()) co_await sleep(0s);
    };
    run(main());
    EXPECT_EQ(notes, (std::vector<std::string>{"asked", "cancelled", "told"}));
}

TEST_P(ForeignTest, letting_go_of_it_cancels_the_task) {
    std::vector<std::string> notes;
    auto main = [&notes]() -> Task<> {
        {
            auto dropped = ensure_future(lingers(&notes));
            co_await settle();
        }
        notes.push_back("dropped");
        co_await settle(10);
        notes.push_back("ends");
    };
    run(main());
    EXPECT_EQ(notes, (std::vector<std::string>{"dropped", "cancelled", "ends"}));
}

TEST_P(ForeignTest, assigning_another_lets_go_of_it) {
    std::vector<std::string> notes, others;
    auto main = [&]() -> Task<> {
        auto one = ensure_future(lingers(&notes));
        auto other = ensure_future(lingers(&others));
        co_await settle();
        one = std::move(other);
        co_await settle(10);
        EXPECT_EQ(notes, std::vector<std::string>{"cancelled"});
        EXPECT_EQ(others, std::vector<std::string>{});
    };
    run(main());
}

Eager use(std::shared_ptr<int> kept, std::vector<std::string>* notes) {
    co_await ensure_future(lingers(notes));
    notes->push_back("went on with " + std::to_string(*kept));
}

TEST_P(ForeignTest, a_coroutine_that_is_destroyed_while_it_waits_cancels_the_task_and_never_goes_on) {
    std::vector<std::string> notes;
    auto kept = std::make_shared<int>(1);
    auto main = [&]() -> Task<> {
        {
            Eager destroyed = use(kept, &notes);
            co_await settle();
            EXPECT_EQ(kept.use_count(), 2);
        }
        EXPECT_EQ(kept.use_count(), 1);
        co_await settle(10);
    };
    run(main());
    EXPECT_EQ(notes, std::vector<std::string>{"cancelled"});
}

// Between the task's end and its turn: it stands in the queue already.
TEST_P(ForeignTest, a_coroutine_that_is_destroyed_when_its_turn_is_near_never_goes_on) {
    for (int turns = 0; turns < 12; ++turns) {
        std::string said;
        auto main = [&said, turns]() -> Task<> {
            std::optional<Eager> asking(ask(&said, 0s));
            co_await settle(turns);
            bool done = asking->done();
            asking.reset();
            co_await settle(12);
            EXPECT_EQ(said, done ? "hello" : "");
        };
        run(main());
    }
}

TEST_P(ForeignTest, a_loop_that_ends_has_them_go_on_with_cancelled) {
    std::vector<std::string> notes;
    std::optional<Ensured<void>> future;
    std::optional<Eager> waiting;
    auto main = [&]() -> Task<> {
        future.emplace(ensure_future(lingers(&notes)));
        waiting.emplace(wait_for_cancelled(&*future, &notes));
        co_await settle();
    };
    run(main());
    EXPECT_TRUE(waiting->done());
    EXPECT_EQ(notes, (std::vector<std::string>{"cancelled", "told"}));
}

TEST_P(ForeignTest, two_that_wait_are_both_told) {
    std::vector<std::string> notes;
    auto main = [&notes]() -> Task<> {
        std::optional<Ensured<void>> future(ensure_future(lingers(&notes)));
        Eager one = wait_for_cancelled(&*future, &notes);
        Eager other = wait_for_cancelled(&*future, &notes);
        co_await settle();
        future->cancel();
        while (!one.done() || !other.done()) co_await sleep(0s);
    };
    run(main());
    EXPECT_EQ(notes, (std::vector<std::string>{"cancelled", "told", "told"}));
}

// ---- Where it cannot be. -----------------------------------------------------------------------------------------------

TEST_P(ForeignTest, without_a_running_loop_it_raises) {
    EXPECT_THROW((void)ensure_future(after(0s, 1)), RuntimeError);
    EXPECT_THROW((void)ensure_future(sleep(0s)), RuntimeError);
    std::optional<Ensured<int>> future;
    std::string said;
    auto await_it = [&]() -> Eager {
        try {
            (void)co_await *future;
        } catch (const RuntimeError& error) {
            said = error.what();
        }
    };
    auto main = [&]() -> Task<> {
        future.emplace(ensure_future(after(1h, 1)));
        std::thread([&] { Eager awaiting = await_it(); }).join();
        co_return;
    };
    run(main());
    EXPECT_EQ(said, "no running event loop");
}

Eager raise_later() {
    co_await ensure_future(sleep(0s));
    throw ValueError("nobody hears it");
}

TEST_P(ForeignTest, what_gets_out_of_it_goes_to_the_exception_handler) {
    std::string told;
    auto main = [&told]() -> Task<> {
        auto note = [](void* context, std::exception_ptr error, std::string_view where) {
            try {
                std::rethrow_exception(error);
            } catch (const ValueError& known) {
                *static_cast<std::string*>(context) = std::string(where) + ": " + known.what();
            }
        };
        get_running_loop().set_exception_handler(note, &told);
        Eager raising = raise_later();
        while (!raising.done()) co_await sleep(0s);
        get_running_loop().set_exception_handler(nullptr);
    };
    run(main());
    EXPECT_EQ(told, "a coroutine of another library: nobody hears it");
}

// ---- Ours wait for theirs. ---------------------------------------------------------------------------------------------

Lazy<int> ends_at_once() { co_return 4; }
Lazy<std::unique_ptr<int>> moves() { co_return std::make_unique<int>(5); }

TEST_P(ForeignTest, what_ends_at_once_is_awaited_as_well) {
    auto main = []() -> Task<int> {
        co_await wrap_future(std::suspend_never());
        auto five = co_await wrap_future(moves());
        int sum = *five;
        for (int i = 0; i < 1000; ++i) sum += co_await wrap_future(ends_at_once());
        co_return sum;
    };
    EXPECT_EQ(run(main()), 4005);
}

TEST_P(ForeignTest, who_resumes_it_goes_on_first) {
    std::vector<std::string> notes;
    auto main = [&notes]() -> Task<> {
        Gate gate;
        auto wait = [&]() -> Task<int> {
            int got = co_await wrap_future(gate);
            notes.push_back("waited");
            co_return got;
        };
        auto waiting = get_running_loop().create_task(wait());
        co_await settle();
        gate.open(6);
        notes.push_back("opened");
        EXPECT_EQ(co_await waiting, 6);
    };
    run(main());
    EXPECT_EQ(notes, (std::vector<std::string>{"opened", "waited"}));
}

TEST_P(ForeignTest, a_cancellation_is_seen_by_the_next_wait) {
    auto main = []() -> Task<> {
        Gate gate;
        std::vector<std::string> notes;
        auto wait = [&]() -> Task<> {
            EXPECT_EQ(co_await wrap_future(gate), 7);
            notes.push_back("waited");
            co_await wrap_future(ends_at_once());
            notes.push_back("not this");
        };
        auto waiting = get_running_loop().create_task(wait());
        co_await settle();
        waiting.cancel();
        co_await settle();
        EXPECT_FALSE(waiting.done());
        gate.open(7);
        co_await waiting.ended();
        EXPECT_TRUE(waiting.cancelled());
        EXPECT_EQ(notes, std::vector<std::string>{"waited"});
    };
    run(main());
}

TEST_P(ForeignTest, a_wait_that_the_other_side_destroys_is_cancelled) {
    auto main = []() -> Task<> {
        Gate gate;
        auto wait = [&]() -> Task<int> { co_return co_await wrap_future(gate); };
        auto waiting = get_running_loop().create_task(wait());
        co_await settle();
        gate.remove();
        co_await waiting.ended();
        EXPECT_TRUE(waiting.cancelled());
    };
    run(main());
}

struct Refuses {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) const {
        if (raises) throw ValueError("not now");
        return false;
    }
    int await_resume() const noexcept { return 8; }
    bool raises;
};

TEST_P(ForeignTest, await_suspend_may_refuse_and_raise) {
    auto main = []() -> Task<> {
        Refuses no{false}, never{true};
        EXPECT_EQ(co_await wrap_future(no), 8);
        bool raised = false;
        try {
            co_await wrap_future(never);
        } catch (const ValueError&) {
            raised = true;
        }
        EXPECT_TRUE(raised);
        co_await sleep(0s);
    };
    run(main());
}

TEST_P(ForeignTest, limits_of_time_are_seen_once_it_has_ended) {
    auto main = []() -> Task<> { EXPECT_EQ(co_await wait_for(wrap_future(ask_lazily(0s)), 1h), "hello hello"); };
    run(main());
}

// Its loop would wait for it for ever.
TEST_P(ForeignTest, a_task_that_awaits_without_it_is_told_of) {
    auto main = []() -> Task<> {
        get_running_loop().set_exception_handler([](void*, std::exception_ptr error, std::string_view where) {
            try {
                std::rethrow_exception(error);
            } catch (const RuntimeError& known) {
                std::cerr << where << " " << known.what() << std::endl;
                std::_Exit(3);
            }
        });
        auto lost = []() -> Task<> { co_await std::suspend_always(); };
        auto waiting = get_running_loop().create_task(lost());
        waiting.set_name("lost");
        co_await settle();
    };
    EXPECT_EXIT(run(main()), ::testing::ExitedWithCode(3), "lost awaits what is not of this library: say wrap_future");
}

BIGHT_ON_EVERY_ENGINE(ForeignTest);

// ---- With threads. -----------------------------------------------------------------------------------------------------

struct ForeignThreadTest : OnEveryEngine {};

/// Has who awaits it go on in a thread of its own.
struct InAThread {
    InAThread() = default;
    InAThread(const InAThread&) = delete;
    ~InAThread() { thread.join(); }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) {
        thread = std::thread([coroutine] { coroutine.resume(); });
    }
    std::thread::id await_resume() const { return std::this_thread::get_id(); }
    std::thread thread;
};

Lazy<std::thread::id> where_it_ends(InAThread* away) { co_return co_await *away; }

TEST_P(ForeignThreadTest, whatever_thread_resumes_it_the_task_goes_on_in_its_loop) {
    auto main = []() -> Task<> {
        auto here = std::this_thread::get_id();
        for (int i = 0; i < 20; ++i) {
            InAThread away, far_away;
            EXPECT_EQ(co_await wrap_future(away), here);
            EXPECT_NE(co_await wrap_future(where_it_ends(&far_away)), here);
            EXPECT_EQ(std::this_thread::get_id(), here);
            co_await sleep(0s);
        }
    };
    run(main());
}

BIGHT_ON_KERNEL_ENGINES(ForeignThreadTest);

}  // namespace
}  // namespace bight::asyncio
