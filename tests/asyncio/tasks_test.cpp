// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/tasks.h>

#include <bight/socket.h>

#include "asyncio/engines.h"

#include <algorithm>
#include <set>
#include <string>

#include <unistd.h>

namespace bight::asyncio {
namespace {

struct TasksTest : OnEveryEngine {};

std::set<std::string> names_of_all() {
    std::set<std::string> names;
    for (auto& task : all_tasks()) names.insert(task.get_name());
    return names;
}

Task<> sleep_long() { co_await sleep(1h); }

TEST_P(TasksTest, the_one_that_runs_is_current_and_none_is_in_a_callback) {
    auto talk = []() -> Task<> {
        auto mine = current_task();
        EXPECT_TRUE(mine);
        EXPECT_FALSE(mine->done());
        mine->set_name("main");
        Event called;
        auto call = [&called] {
            EXPECT_FALSE(current_task());
            called.set();
        };
        get_running_loop().call_soon(call);
        co_await called.wait();
        EXPECT_EQ(current_task(), mine);
        EXPECT_EQ(current_task()->get_name(), "main");
    };
    run(talk());
    EXPECT_THROW(current_task(), RuntimeError);
    EXPECT_THROW(all_tasks(), RuntimeError);
}

TEST_P(TasksTest, all_that_have_not_ended_are_listed_wherever_they_belong) {
    auto talk = []() -> Task<> {
        current_task()->set_name("main");
        TaskGroup group;
        auto one = group.spawn(sleep_long);
        one.set_name("of the group");
        auto two = get_running_loop().create_task(sleep_long());
        two.set_name("of the loop");
        EXPECT_EQ(names_of_all(), (std::set<std::string>{"main", "of the group", "of the loop"}));
        auto all = all_tasks();
        EXPECT_EQ(all.size(), 3u);
        EXPECT_LT(all[0].id(), all[1].id());
        EXPECT_LT(all[1].id(), all[2].id());
        for (auto& task : all)
            if (task.get_name() == "of the loop") task.cancel();
        co_await two.ended();
        EXPECT_TRUE(two.cancelled());
        EXPECT_EQ(names_of_all(), (std::set<std::string>{"main", "of the group"}));
        group.cancel();
        co_await group.join();
        EXPECT_EQ(names_of_all(), (std::set<std::string>{"main"}));
        EXPECT_TRUE(all[1].done());  // kept, though it has ended
    };
    run(talk());
}

Task<> acquire(Lock* lock) { auto held = co_await lock->acquire(); }
Task<> wait_for_task(TaskHandle<void>* awaited) { co_await awaited->ended(); }

TEST_P(TasksTest, the_tree_says_who_waits_for_what) {
    auto talk = []() -> Task<> {
        current_task()->set_name("main");
        auto [a, b] = co_await connected_pair();
        auto peer = b.peer().to_string();
        auto read = [](Stream* stream) -> Task<> { co_await stream->read(); };
        Lock lock;
        auto held = co_await lock.acquire();
        TaskGroup group;
        auto parent = [](Lock* wanted) -> Task<> {
            TaskGroup inner;
            inner.spawn(acquire, wanted);
            co_await inner.join();
        };
        auto reading = group.spawn(read, &b);
        group.spawn(sleep_long);
        group.spawn(wait_for_task, &reading);
        group.spawn(parent, &lock);
        co_await sleep(1ms);
        std::string tree = task_tree();
        auto number = [&tree](std::string_view what) {
            auto end = tree.find(what);
            auto begin = tree.rfind("Task-", end);
            return end == std::string::npos ? "no such task" : tree.substr(begin, end - begin);
        };
        EXPECT_TRUE(tree.starts_with("Task-1 main: running\n  Task-")) << tree;
        std::string of_reading = number(": read " + peer + "\n");
        EXPECT_NE(tree.find("\n  " + of_reading + ": read"), std::string::npos) << tree;
        EXPECT_NE(tree.find(": sleep, 3599"), std::string::npos) << tree;
        EXPECT_NE(tree.find(": " + of_reading + "\n"), std::string::npos) << tree;
        std::string of_parent = number(": the tasks of its group\n");
        EXPECT_NE(tree.find("  " + of_parent + ": the tasks of its group\n    Task-"), std::string::npos) << tree;
        held.release();
        group.cancel();
        co_await group.join();
        EXPECT_EQ(task_tree(), "Task-1 main: running\n");
    };
    run(talk());
}

Task<> read_of(Stream* stream) { co_await stream->read(); }
Task<> write_much_to(Stream* stream) { co_await stream->write(std::string(std::size_t{16} << 20, 'x')); }

TEST_P(TasksTest, the_tree_may_be_asked_for_in_the_turn_in_which_something_closes) {
    auto talk = []() -> Task<> {
        auto ignore = [](Stream) -> Task<> { co_return; };
        auto server = start_server(any_port, ignore);
        auto where = server.addresses().front().to_string();
        auto [a, b] = co_await connected_pair();
        auto peer = b.peer().to_string();
        auto& loop = get_running_loop();
        auto reading = loop.create_task(read_of(&b));
        auto writing = loop.create_task(write_much_to(&b));
        co_await sleep(1ms);
        std::string before = task_tree();
        EXPECT_NE(before.find(": accept " + where + "\n"), std::string::npos) << before;
        EXPECT_NE(before.find(": read " + peer + "\n"), std::string::npos) << before;
        EXPECT_NE(before.find(": write " + peer + "\n"), std::string::npos) << before;
        server.close();
        { Stream gone(std::move(b)); }
        std::string after = task_tree();
        EXPECT_EQ(after.find(where), std::string::npos) << after;
        EXPECT_EQ(after.find(peer), std::string::npos) << after;
        EXPECT_NE(after.find(": about to go on"), std::string::npos) << after;
        co_await reading.ended();
        co_await writing.ended();
        EXPECT_NE(reading.exception(), nullptr);
        EXPECT_NE(writing.exception(), nullptr);
    };
    run(talk());
}

Task<> nest(int levels) {
    if (levels == 0) co_return co_await sleep_long();
    TaskGroup group;
    group.spawn(nest, levels - 1);
    co_await group.join();
}

TEST_P(TasksTest, a_deep_tree_is_set_in_by_64_levels_at_the_most) {
    auto talk = []() -> Task<> {
        TaskGroup group;
        group.spawn(nest, 1000);
        while (all_tasks().size() < 1002) co_await sleep(Duration::zero());
        std::string tree = task_tree();
        EXPECT_EQ(std::ranges::count(tree, '\n'), 1002);
        EXPECT_NE(tree.find("\n" + std::string(128, ' ') + "Task-"), std::string::npos);
        EXPECT_EQ(tree.find("\n" + std::string(129, ' ')), std::string::npos);
        group.cancel();
        co_await group.join();
    };
    run(talk());
}

TEST_P(TasksTest, the_tree_of_very_many_tasks_says_how_many_it_leaves_out) {
    auto talk = []() -> Task<> {
        TaskGroup group;
        for (int i = 0; i < 10004; ++i) group.spawn(sleep_long);
        std::string tree = task_tree();
        EXPECT_EQ(std::ranges::count(tree, '\n'), 10001);
        EXPECT_TRUE(tree.ends_with("\nand 5 more\n"));
        group.cancel();
        co_await group.join();
    };
    run(talk());
}

Task<> fail() {
    throw ValueError("nobody waits for this");
    co_return;
}

void note(void* context, std::exception_ptr, std::string_view where) { *static_cast<std::string*>(context) += where; }

TEST_P(TasksTest, an_error_is_told_though_somebody_keeps_the_task_that_cannot_give_it) {
    auto talk = []() -> Task<> {
        std::string told;
        auto& loop = get_running_loop();
        loop.set_exception_handler(&note, &told);
        loop.create_task(fail()).set_name("dropped ");
        auto kept = all_tasks();
        EXPECT_EQ(kept.size(), 2u);
        auto watched = loop.create_task(fail());
        watched.set_name("watched ");
        co_await watched.ended();
        EXPECT_TRUE(kept.back().done());
        EXPECT_EQ(told, "dropped ");
        loop.set_exception_handler(nullptr);
    };
    run(talk());
}

BIGHT_ON_EVERY_ENGINE(TasksTest);

struct TasksOfSocketsTest : OnEveryEngine {};

TEST_P(TasksOfSocketsTest, the_tree_has_no_control_characters_of_a_peers_name) {
    auto talk = []() -> Task<> {
        Socket listener(Family::unix_domain);
        listener.bind(Address::unnamed());
        listener.listen(1);
        Socket client(Family::unix_domain);
        client.bind(Address::abstract_name("bight\n\x1b[2J" + std::to_string(::getpid())));
        client.connect(listener.getsockname());
        auto accepted = open_stream(listener.accept().socket);
        auto reading = get_running_loop().create_task(read_of(&accepted));
        co_await sleep(1ms);
        std::string tree = task_tree();
        EXPECT_NE(tree.find(": read @bight\\x0a\\x1b[2J"), std::string::npos) << tree;
        EXPECT_EQ(std::ranges::count(tree, '\n'), 2);
        client.close();
        co_await reading.ended();
    };
    run(talk());
}

BIGHT_ON_KERNEL_ENGINES(TasksOfSocketsTest);

}  // namespace
}  // namespace bight::asyncio
