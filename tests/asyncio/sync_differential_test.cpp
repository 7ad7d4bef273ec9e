// SPDX-License-Identifier: BSL-1.0
// Random scripts, played here and by CPython (sync_oracle.py): the same happens after each step.

#include "asyncio/common_tasks.h"
#include "asyncio/engines.h"
#include "support/descriptors.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

namespace bight::asyncio {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, at);)
        if (!part.empty()) parts.push_back(part);
    return parts;
}

std::string joined(const Lines& parts, const char* between) {
    std::string all;
    for (auto& part : parts) all += (all.empty() ? "" : between) + part;
    return all;
}

// ---- Writing scripts. --------------------------------------------------------------------------------------------------

class Writer {
public:
    explicit Writer(unsigned seed) : random_(seed), notifies_(seed % 2 == 0) {}

    Lines script(const std::string& kind) {
        Lines lines{"== " + kind + " " +
                    std::to_string(kind == "bounded" || kind == "semaphore" ? below(3) : below(4))};
        started_ = 0;
        for (int step = 0; step < 25; ++step) {
            Lines operations;
            // Those that were notified queue for the lock at once here, a turn later in CPython: so step by step.
            unsigned most = kind == "condition" && notifies_ ? 1 : 3;
            for (unsigned i = 0, count = 1 + below(most); i < count; ++i) {
                auto next = operation(kind, count);
                // A lock that was released is the next one's at once here, a turn later in CPython.
                bool is_second = std::find(operations.begin(), operations.end(), next) != operations.end();
                if (next != "release" || !is_second || kind == "semaphore" || kind == "bounded")
                    operations.push_back(next);
            }
            lines.push_back(joined(operations, ";"));
        }
        return lines;
    }

private:
    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
    std::string start(const char* verb) { return verb + (" " + std::to_string(++started_)); }
    std::string value() { return " " + std::to_string(below(100)); }
    std::string cancel() { return "x " + std::to_string(1 + below(started_ + 1)); }

    std::string operation(const std::string& kind, unsigned beside) {
        if (kind == "event") return pick({start("wait"), start("wait"), "set", "clear", cancel()});
        // Who takes the lock again and is cancelled goes to the end of those that wait for it in CPython, and stays where
        // it is here; so a script has notifications or cancellations, and none twice.
        if (kind == "condition" && beside > 1) return pick({start("wait"), start("acquire"), "release"});
        if (kind == "condition" && notifies_)
            return pick({start("wait"), start("acquire"), "release", "notify 1", "notify 2", "notify 0"});
        if (kind == "condition") {
            std::string next = pick({start("wait"), start("acquire"), "release", cancel(), cancel()});
            return next[0] == 'x' && !cancelled_.insert(next).second ? "release" : next;
        }
        if (kind == "lock" || kind == "semaphore" || kind == "bounded")
            return pick({start("acquire"), start("acquire"), "release", "release", cancel()});
        // In CPython who comes later may be quicker than one that was woken, and that is last when it waits again.
        if (beside > 1) return pick({"put_nowait" + value(), cancel(), start("join"), "task_done"});
        return pick({start("get"), start("get"), start("get"), start("put") + value(), start("put") + value(), cancel(),
                     start("join"), "task_done", "get_nowait", "put_nowait" + value()});
    }
    std::string pick(std::initializer_list<std::string> from) {
        return *(from.begin() + below(static_cast<unsigned>(from.size())));
    }

    std::mt19937 random_;
    unsigned started_ = 0;
    bool notifies_;
    std::set<std::string> cancelled_;
};

// ---- Playing them. -----------------------------------------------------------------------------------------------------

class Player {
public:
    virtual ~Player() = default;

    void perform(const std::string& operation) {
        auto words = split(operation, ' ');
        std::vector<int> numbers;
        for (std::size_t i = 1; i < words.size(); ++i) numbers.push_back(std::stoi(words[i]));
        if (words[0] == "x") {
            if (auto found = tasks_.find(numbers[0]); found != tasks_.end()) found->second.cancel();
        } else if (numbers.empty() || words[0] == "put_nowait") {
            attempt(words[0], numbers);
        } else {
            int who = words[0] == "notify" ? -1 : numbers[0];
            tasks_.insert_or_assign(who, group.create_task(run(words[0], who, numbers.back())));
        }
    }

    std::string told() {
        std::sort(events.begin(), events.end());
        return joined(std::exchange(events, {}), ", ") + " | " + state();
    }

    TaskGroup group;

protected:
    virtual void now(const std::string& verb, const std::vector<int>& numbers) = 0;
    virtual Task<std::string> wait(std::string verb, int number) = 0;
    virtual std::string state() const = 0;

    Lines events;

private:
    void attempt(const std::string& verb, const std::vector<int>& numbers) {
        try {
            now(verb, numbers);
        } catch (const QueueEmpty&) {
            events.push_back("QueueEmpty");
        } catch (const QueueFull&) {
            events.push_back("QueueFull");
        } catch (const ValueError&) {
            events.push_back("ValueError");
        } catch (const RuntimeError&) {
            events.push_back("RuntimeError");
        }
    }

    Task<> run(std::string verb, int who, int number) {
        try {
            std::string result = co_await wait(verb, number);
            if (who >= 0) events.push_back(std::to_string(who) + " " + result);
        } catch (const Cancelled&) {
            if (who >= 0) events.push_back(std::to_string(who) + " cancelled");
            throw;
        }
    }

    std::map<int, TaskHandle<void>> tasks_;
};

template <class Of>
struct LockPlayer final : Player {
    template <class... Argument>
    explicit LockPlayer(Argument... argument) : lock(argument...) {}
    void now(const std::string&, const std::vector<int>&) override {
        lock.release();
        events.push_back("ok");
    }
    Task<std::string> wait(std::string, int) override {
        auto held = co_await lock.acquire();
        held.detach();
        co_return "done";
    }
    std::string state() const override { return lock.locked() ? "1" : "0"; }
    Of lock;
};

struct EventPlayer final : Player {
    void now(const std::string& verb, const std::vector<int>&) override {
        verb == "set" ? event.set() : event.clear();
        events.push_back("ok");
    }
    Task<std::string> wait(std::string, int) override {
        co_await event.wait();
        co_return "done";
    }
    std::string state() const override { return event.is_set() ? "1" : "0"; }
    Event event;
};

struct ConditionPlayer final : Player {
    void now(const std::string&, const std::vector<int>&) override {
        condition.release();
        events.push_back("ok");
    }
    Task<std::string> wait(std::string verb, int number) override {
        auto held = co_await condition.acquire();
        if (verb == "acquire")
            held.detach();
        else if (verb == "wait")
            co_await condition.wait();
        else
            number ? condition.notify(static_cast<std::size_t>(number)) : condition.notify_all();
        co_return "done";
    }
    std::string state() const override { return condition.locked() ? "1" : "0"; }
    Condition condition;
};

template <class Of>
struct QueuePlayer final : Player {
    explicit QueuePlayer(std::size_t maxsize) : queue(maxsize) {}
    void now(const std::string& verb, const std::vector<int>& numbers) override {
        std::string result = "ok";
        if (verb == "get_nowait")
            result += " " + std::to_string(queue.get_nowait());
        else if (verb == "put_nowait")
            queue.put_nowait(numbers[0]);
        else
            queue.task_done();
        events.push_back(result);
    }
    Task<std::string> wait(std::string verb, int number) override {
        if (verb == "get") {
            int item = co_await queue.get();
            co_return std::to_string(item);
        }
        if (verb == "put")
            co_await queue.put(number);
        else
            co_await queue.join();
        co_return "done";
    }
    std::string state() const override {
        return std::to_string(queue.qsize()) + (queue.empty() ? " 1" : " 0") + (queue.full() ? " 1" : " 0");
    }
    Of queue;
};

std::unique_ptr<Player> player_of(const std::string& kind, int number) {
    auto size = static_cast<std::size_t>(number);
    if (kind == "lock") return std::make_unique<LockPlayer<Lock>>();
    if (kind == "semaphore") return std::make_unique<LockPlayer<Semaphore>>(number);
    if (kind == "bounded") return std::make_unique<LockPlayer<BoundedSemaphore>>(number);
    if (kind == "event") return std::make_unique<EventPlayer>();
    if (kind == "condition") return std::make_unique<ConditionPlayer>();
    if (kind == "queue") return std::make_unique<QueuePlayer<Queue<int>>>(size);
    if (kind == "lifo") return std::make_unique<QueuePlayer<LifoQueue<int>>>(size);
    return std::make_unique<QueuePlayer<PriorityQueue<int>>>(size);
}

Task<Lines> play(Lines script) {
    Lines told;
    auto words = split(script.front(), ' ');
    auto player = player_of(words[1], std::stoi(words[2]));
    for (std::size_t step = 1; step < script.size(); ++step) {
        for (auto& operation : split(script[step], ';')) player->perform(operation);
        co_await settle(30);
        told.push_back(player->told());
    }
    player->group.cancel();
    co_await settle(30);
    while (player->group.size() > 0) {  // they wait for the lock of the condition again
        player->perform("release");
        co_await settle(30);
    }
    co_await player->group.join();
    co_return told;
}

// ---- Comparing. --------------------------------------------------------------------------------------------------------

class SyncDifferentialTest : public ::testing::TestWithParam<const char*> {};

TEST_P(SyncDifferentialTest, the_same_happens_as_in_cpython) {
    constexpr unsigned scripts = 200;
    testing::TemporaryFolder folder;
    std::string path = folder.path("scripts");
    std::vector<Lines> all;
    std::ofstream file(path);
    for (unsigned seed = 1; seed <= scripts; ++seed) {
        all.push_back(Writer(seed).script(GetParam()));
        file << joined(all.back(), "\n") << '\n';
    }
    file.close();
    auto expected = testing::oracle("tests/asyncio/sync_oracle.py", {path});
    std::size_t line = 0;
    for (auto& script : all) {
        Lines told = run(play(script), options_for(EngineChoice::epoll));
        ASSERT_LE(line + told.size(), expected.size());
        for (std::size_t step = 0; step < told.size(); ++step)
            ASSERT_EQ(told[step], expected[line + step]) << "step " << step + 1 << " (" << script[step + 1] << ") of\n"
                                                         << joined(script, "\n");
        line += told.size();
    }
    EXPECT_EQ(line, expected.size());
}

INSTANTIATE_TEST_SUITE_P(Of, SyncDifferentialTest,
                         ::testing::Values("lock", "semaphore", "bounded", "event", "condition", "queue", "lifo",
                                           "priority"),
                         [](const auto& played) { return std::string(played.param); });

}  // namespace
}  // namespace bight::asyncio
