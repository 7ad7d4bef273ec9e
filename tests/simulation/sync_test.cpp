// SPDX-License-Identifier: BSL-1.0
/// Locks, semaphores, conditions, barriers, queues and waits for tasks, whose waiters run out of time in every state: what
/// was given is never lost, nothing is given twice, and nobody waits for ever, which a simulation tells.
#include "simulation/scenarios.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <vector>

namespace bight::testing {
namespace {

using asyncio::TaskGroup;

/// Often in the very moment in which something else happens, so that both come in one turn.
Duration some_milliseconds(Simulation& sim, int most) {
    return std::chrono::milliseconds(sim.random(static_cast<std::uint64_t>(most) + 1));
}

// ---- Locks and semaphores. ---------------------------------------------------------------------------------------------

template <class Of>
struct Guarded {
    Of guard;
    int most;
    int inside = 0;
    int entered = 0;
};

template <class Of>
Task<> enter(Simulation* sim, Guarded<Of>* of) {
    auto held = co_await of->guard.acquire();
    require(++of->inside <= of->most, "no more are inside than may be");
    ++of->entered;
    auto leave = [of](int*) { --of->inside; };
    std::unique_ptr<int, decltype(leave)> leaving(&of->inside, leave);
    co_await asyncio::sleep(some_milliseconds(*sim, 2));
}

template <class Of>
Task<> come_and_go(Simulation* sim, Guarded<Of>* of) {
    for (int i = 0; i < 5; ++i) {
        try {
            co_await asyncio::wait_for(enter(sim, of), some_milliseconds(*sim, 6));
        } catch (const TimeoutError&) {}
        co_await asyncio::sleep(some_milliseconds(*sim, 1));
    }
}

template <class Of>
void crowd(Simulation& sim, Guarded<Of>& of) {
    auto talk = [&]() -> Task<> {
        TaskGroup group;
        for (int i = 0; i < 6; ++i) group.spawn(come_and_go<Of>, &sim, &of);
        co_await group.join();
        for (int i = 0; i < of.most; ++i) {
            require(!of.guard.locked(), "all was given back");
            auto held = co_await of.guard.acquire();
            held.detach();
        }
        require(of.guard.locked(), "and nothing besides");
    };
    sim.run(talk());
    require(of.entered > 0, "somebody got in");
}

void locks(Simulation& sim) {
    Guarded<asyncio::Lock> lock{{}, 1};
    crowd(sim, lock);
}

void semaphores(Simulation& sim) {
    int most = 1 + static_cast<int>(sim.random(3));
    Guarded<asyncio::Semaphore> semaphore{asyncio::Semaphore(most), most};
    crowd(sim, semaphore);
}

TEST(Sync, locks) { run_seeds("Sync.locks", 1500, locks); }
TEST(Sync, semaphores) { run_seeds("Sync.semaphores", 1500, semaphores); }

// ---- Conditions: a store of two places, of which each change is told to one that waits. ----------------------------------

struct Store {
    asyncio::Lock lock;
    asyncio::Condition has_room{lock};
    asyncio::Condition has_items{lock};
    std::vector<int> items;
};

Task<> store(Store* into, int item) {
    auto held = co_await into->lock.acquire();
    auto is_room = [into] { return into->items.size() < 2; };
    co_await into->has_room.wait_for(is_room);
    into->items.push_back(item);
    into->has_items.notify();
}

Task<> fetch(Store* from, std::vector<int>* fetched) {
    auto held = co_await from->lock.acquire();
    auto is_item = [from] { return !from->items.empty(); };
    co_await from->has_items.wait_for(is_item);
    fetched->push_back(from->items.front());
    from->items.erase(from->items.begin());
    from->has_room.notify();
}

constexpr int most_items = 8;

Task<> store_all(Simulation* sim, Store* into, int first) {
    for (int i = 0; i < most_items;) {
        try {
            co_await asyncio::wait_for(store(into, first + i), some_milliseconds(*sim, 4));
            ++i;
        } catch (const TimeoutError&) {}
    }
}

Task<> fetch_some(Simulation* sim, Store* from, std::vector<int>* fetched) {
    for (std::size_t enough = fetched->size() + most_items; fetched->size() < enough;) {
        try {
            co_await asyncio::wait_for(fetch(from, fetched), some_milliseconds(*sim, 4));
        } catch (const TimeoutError&) {}
        co_await asyncio::sleep(some_milliseconds(*sim, 1));
    }
}

/// Each number from 0 on, once.
void require_all(std::vector<int> numbers, std::size_t count) {
    std::ranges::sort(numbers);
    require(numbers.size() == count, "nothing is lost or doubled");
    for (std::size_t i = 0; i < count; ++i) require(numbers[i] == static_cast<int>(i), "each is there once");
}

void conditions(Simulation& sim) {
    Store between;
    std::array<std::vector<int>, 3> fetched;
    auto talk = [&]() -> Task<> {
        TaskGroup group;
        for (int i = 0; i < 3; ++i) group.spawn(store_all, &sim, &between, i * most_items);
        for (auto& mine : fetched) group.spawn(fetch_some, &sim, &between, &mine);
        co_await group.join();
        require(!between.lock.locked(), "the lock was given back");
    };
    sim.run(talk());
    std::vector<int> all;
    for (auto& mine : fetched) all.insert(all.end(), mine.begin(), mine.end());
    require_all(std::move(all), 3 * most_items);
}

TEST(Sync, conditions) { run_seeds("Sync.conditions", 1500, conditions); }

// One who gives up passes on what it was told: else the other one, who has no limit, would not hear of it.
struct Listener {
    bool waits = false;
    int told = 0;
};

Task<> listen(asyncio::Condition* change, Listener* listener) {
    auto held = co_await change->acquire();
    listener->waits = true;
    co_await change->wait();
    ++listener->told;
}

Task<> listen_for_a_while(asyncio::Condition* change, Listener* listener, Duration limit) {
    try {
        co_await asyncio::wait_for(listen(change, listener), limit);
    } catch (const TimeoutError&) {}
}

void notifications(Simulation& sim) {
    asyncio::Condition change;
    Listener hasty, patient;
    auto talk = [&]() -> Task<> {
        TaskGroup group;
        group.spawn(listen_for_a_while, &change, &hasty, some_milliseconds(sim, 3));
        group.spawn(listen, &change, &patient);
        co_await asyncio::sleep(some_milliseconds(sim, 3));
        auto held = co_await change.acquire();
        bool must_be_heard = patient.waits;
        change.notify();
        co_await asyncio::sleep(some_milliseconds(sim, 2));
        held.release();
        co_await asyncio::sleep(10ms);
        require(hasty.told + patient.told <= 1, "one notification is heard once");
        require(hasty.told + patient.told == 1 || !must_be_heard, "and not lost");
        held = co_await change.acquire();
        change.notify_all();
        held.release();
        co_await group.join();
    };
    sim.run(talk());
}

TEST(Sync, notifications) { run_seeds("Sync.notifications", 1500, notifications, {.turn = {}}); }

// ---- Queues. -----------------------------------------------------------------------------------------------------------

Task<> put_all(Simulation* sim, asyncio::Queue<int>* queue, int first) {
    for (int i = 0; i < most_items;) {
        try {
            co_await asyncio::wait_for(queue->put(first + i), some_milliseconds(*sim, 4));
            ++i;
        } catch (const TimeoutError&) {}
    }
}

Task<> take_all(Simulation* sim, asyncio::Queue<int>* queue, std::vector<int>* taken) {
    while (true) {
        try {
            int item = co_await asyncio::wait_for(queue->get(), some_milliseconds(*sim, 4));
            taken->push_back(item);
            queue->task_done();
        } catch (const TimeoutError&) {}
        co_await asyncio::sleep(some_milliseconds(*sim, 1));
    }
}

void queues(Simulation& sim) {
    asyncio::Queue<int> queue(1 + sim.random(3));
    std::array<std::vector<int>, 3> taken;
    auto talk = [&]() -> Task<> {
        TaskGroup takers, putters;
        for (auto& mine : taken) takers.spawn(take_all, &sim, &queue, &mine);
        for (int i = 0; i < 3; ++i) putters.spawn(put_all, &sim, &queue, i * most_items);
        co_await putters.join();
        co_await queue.join();
        require(queue.empty(), "who joins a queue finds it empty");
        takers.cancel();
        co_await takers.join();
    };
    sim.run(talk());
    std::vector<int> all;
    for (auto& mine : taken) {
        for (int producer = 0; producer < 3; ++producer) {
            std::vector<int> of_one;
            for (int item : mine)
                if (item / most_items == producer) of_one.push_back(item);
            require(std::ranges::is_sorted(of_one), "what one has put is taken in that order");
        }
        all.insert(all.end(), mine.begin(), mine.end());
    }
    require_all(std::move(all), 3 * most_items);
}

TEST(Sync, queues) { run_seeds("Sync.queues", 1500, queues, {.turn = {}}); }

// ---- Barriers and events. ----------------------------------------------------------------------------------------------

Task<> meet(asyncio::Barrier* barrier, std::vector<int>* met) {
    std::size_t number = co_await barrier->wait();
    ++met->at(number);
}

Task<> meet_in_time(Simulation* sim, asyncio::Barrier* barrier, std::vector<int>* met, int* missed) {
    try {
        co_await asyncio::wait_for(meet(barrier, met), some_milliseconds(*sim, 3));
    } catch (const TimeoutError&) {
        ++*missed;
    }
}

void barriers(Simulation& sim) {
    constexpr std::size_t parties = 3;
    asyncio::Barrier barrier(parties);
    asyncio::Event over;
    std::vector<int> met(parties);
    int missed = 0;
    auto wait_over = [&]() -> Task<> { co_await over.wait(); };
    auto talk = [&]() -> Task<> {
        TaskGroup group;
        group.spawn(wait_over);
        for (int i = 0; i < 8; ++i) {
            group.spawn(meet_in_time, &sim, &barrier, &met, &missed);
            co_await asyncio::sleep(some_milliseconds(sim, 2));
        }
        co_await asyncio::sleep(10ms);
        require(barrier.n_waiting() == 0, "who gave up does not count");
        over.set();
        co_await group.join();
    };
    sim.run(talk());
    auto [least, most] = std::ranges::minmax(met);
    require(most - least <= missed, "each round has each number once, less who gave up when all were there");
    require(met[0] + met[1] + met[2] + missed == 8, "each met the others, or gave up");
}

// One who gives up, before those that stay or among them.
void numbers(Simulation& sim) {
    asyncio::Barrier barrier(3);
    std::vector<int> met(3);
    int missed = 0;
    auto talk = [&]() -> Task<> {
        TaskGroup group;
        auto come = [&]() -> Task<> {
            co_await asyncio::sleep(some_milliseconds(sim, 3));
            co_await meet(&barrier, &met);
        };
        group.spawn(meet_in_time, &sim, &barrier, &met, &missed);
        group.spawn(come);
        co_await asyncio::sleep(10ms);
        require(missed == 1, "two are too few");
        group.spawn(come);
        group.spawn(come);
        co_await group.join();
    };
    sim.run(talk());
    require(met == std::vector<int>(3, 1), "each has a number of its own");
}

TEST(Sync, numbers_at_a_barrier) { run_seeds("Sync.numbers_at_a_barrier", 1000, numbers); }
TEST(Sync, barriers) { run_seeds("Sync.barriers", 1500, barriers); }

// ---- Waiting for tasks. ------------------------------------------------------------------------------------------------

Task<int> work(Simulation* sim, int number, int* running) {
    auto stop = [](int* counter) { --*counter; };
    ++*running;
    std::unique_ptr<int, decltype(stop)> stopping(running, stop);
    co_await asyncio::sleep(some_milliseconds(*sim, 4));
    if (number % 5 == 4) throw ValueError("a bad number");
    co_return number;
}

Task<> gather_three(Simulation* sim, int* running) {
    co_await asyncio::gather(work(sim, 0, running), work(sim, 1, running), work(sim, 4, running));
    throw Violation("an error of a task is raised");
}

void gatherings(Simulation& sim) {
    int running = 0;
    auto talk = [&]() -> Task<> {
        for (int i = 0; i < 4; ++i) {
            try {
                co_await asyncio::wait_for(gather_three(&sim, &running), some_milliseconds(sim, 5));
            } catch (const TimeoutError&) {
            } catch (const ValueError&) {}
            require(running == 0, "no child outlives a gather()");
        }
    };
    sim.run(talk());
}

TEST(Sync, gatherings) { run_seeds("Sync.gatherings", 1500, gatherings); }

}  // namespace
}  // namespace bight::testing
