// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/stream.h>
#include <bight/asyncio/task_group.h>
#include <bight/asyncio/timeouts.h>
#include <bight/testing/seeds.h>
#include <bight/testing/simulation.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bight::testing {

/// The promises of bight/asyncio/stream.h, each as a coroutine over two ends, `a` and `b`, that are connected with each
/// other. Raises SimulationError where one is broken.
template <class Pair>
struct StreamContract {
    using End = decltype(Pair::a);

    struct Promise {
        std::string_view name;
        Task<> (*check)(Pair& pair);
    };

    static void require(bool holds, std::string_view what) {
        if (!holds) throw SimulationError("broken promise: " + std::string(what));
    }

    /// Text in which no two places look alike for long.
    static std::string text(std::size_t size) {
        std::string made;
        for (std::size_t i = 0; made.size() < size; ++i) made += std::to_string(i) + ' ';
        made.resize(size);
        return made;
    }

    static Task<> send(End* to, std::string data, bool ends) {
        co_await to->write(data);
        if (ends) to->write_eof();
    }

    static Task<> read_once(End* from) { co_await from->read(); }

    static Task<> bytes_arrive_in_order(Pair& pair) {
        std::string sent = text(300'000), seen;
        asyncio::TaskGroup group;
        group.spawn(send, &pair.a, sent, true);
        while (auto data = co_await pair.b.read(1 + seen.size() % 10'000)) {
            require(data.size() <= 1 + seen.size() % 10'000, "read() returns at most its limit");
            seen += data.view();
        }
        require(seen == sent, "every byte arrives, once and in order");
        co_await group.join();
    }

    static Task<> an_end_comes_after_all_data_and_stays(Pair& pair) {
        co_await send(&pair.a, "last words", true);
        require(!pair.b.at_eof(), "what was not read is no end");
        auto words = co_await pair.b.readexactly(10);
        require(words.view() == "last words", "data comes before the end");
        for (int i = 0; i < 2; ++i) {
            auto end = co_await pair.b.read();
            require(end.empty() && pair.b.at_eof(), "an end stays the end");
        }
    }

    static Task<> who_has_sent_the_end_still_reads(Pair& pair) {
        pair.a.write_eof();
        auto end = co_await pair.b.read();
        require(end.empty(), "write_eof() is seen as the end");
        co_await send(&pair.b, "answer", true);
        auto answer = co_await pair.a.read_all(100);
        require(answer.view() == "answer", "reading goes on after write_eof()");
    }

    static Task<> read_into_fills_a_part(Pair& pair) {
        co_await send(&pair.a, text(100), true);
        std::string seen;
        std::byte memory[7];
        while (true) {
            auto part = co_await pair.b.read_into(memory);
            if (part.empty()) break;
            require(part.data() == memory && part.size() <= sizeof memory, "the part is one of the caller's memory");
            seen += Bytes(part).view();
        }
        require(seen == text(100), "read_into() gives every byte");
    }

    static Task<> readexactly_is_exact_or_says_what_came(Pair& pair) {
        co_await send(&pair.a, "0123456789abc", true);
        auto ten = co_await pair.b.readexactly(10);
        require(ten.view() == "0123456789", "readexactly() gives as much as was asked for");
        std::string partial;
        try {
            co_await pair.b.readexactly(10);
        } catch (const asyncio::IncompleteReadError& error) {
            partial = error.partial().to_string();
        }
        require(partial == "abc", "IncompleteReadError holds what did come");
    }

    static Task<> whoever_is_cancelled_has_lost_nothing(Pair& pair) {
        std::string sent = text(2000), seen;
        asyncio::TaskGroup group;
        auto dribble = [&]() -> Task<> {
            for (std::size_t at = 0; at < sent.size(); at += 50) {
                std::string part = sent.substr(at, 50);
                co_await pair.a.write(part);
                co_await asyncio::sleep(std::chrono::microseconds(300));
            }
            pair.a.write_eof();
        };
        group.spawn(dribble);
        for (int i = 0; seen.size() < sent.size(); ++i) {
            Timeout limit = i % 3 == 2 ? Timeout() : Timeout(std::chrono::microseconds(100 * (i % 7)));
            try {
                auto data = co_await asyncio::wait_for(pair.b.readexactly(100), limit);
                seen += data.view();
            } catch (const TimeoutError&) {}
        }
        require(seen == sent, "readexactly() that was cancelled leaves what came");
        co_await group.join();
    }

    static Task<> lines_and_separators(Pair& pair) {
        co_await send(&pair.a, "one\ntwo\r\nthree;;four", true);
        auto one = co_await pair.b.readline();
        auto two = co_await pair.b.readuntil("\r\n");
        auto three = co_await pair.b.readuntil(";;");
        auto four = co_await pair.b.readline();
        require(one.view() == "one\n" && two.view() == "two\r\n" && three.view() == "three;;",
                "what ends is part of it");
        require(four.view() == "four", "the last line may lack its newline");
        bool refused = false;
        try {
            co_await pair.b.readuntil("");
        } catch (const ValueError&) {
            refused = true;
        }
        require(refused, "an empty separator is a ValueError");
    }

    static Task<> what_is_past_a_limit_stays(Pair& pair) {
        co_await send(&pair.a, std::string(100, 'x') + '\n', true);
        int overruns = 0;
        try {
            co_await pair.b.readline(50);
        } catch (const LimitOverrunError&) {
            ++overruns;
        }
        try {
            co_await pair.b.read_all(50);
        } catch (const LimitOverrunError&) {
            ++overruns;
        }
        require(overruns == 2, "past its limit a read raises LimitOverrunError");
        auto line = co_await pair.b.readline();
        require(line.size() == 101, "what was too long stays to be read");
    }

    static Task<> writes_go_out_whole(Pair& pair) {
        constexpr std::size_t size = 200'000;
        asyncio::TaskGroup group;
        for (char c : {'a', 'b', 'c'}) group.spawn(send, &pair.a, std::string(size, c), false);
        auto all = co_await pair.b.readexactly(3 * size);
        for (std::size_t i = 0; i < 3; ++i) {
            std::string_view part = all.view().substr(i * size, size);
            require(part.find_first_not_of(part.front()) == std::string_view::npos,
                    "writes of two tasks do not mingle");
        }
        co_await group.join();
        std::vector<Bytes> pieces{"one ", "", "two"};
        co_await pair.a.writelines(pieces);
        co_await pair.a.write("");
        auto joined = co_await pair.b.readexactly(7);
        require(joined.view() == "one two", "writelines() is one write");
    }

    static Task<> one_read_at_a_time(Pair& pair) {
        asyncio::TaskGroup group;
        auto first = group.spawn(read_once, &pair.b);
        co_await asyncio::sleep(std::chrono::milliseconds(1));
        bool busy = false;
        try {
            co_await pair.b.read();
        } catch (const BusyError&) {
            busy = true;
        }
        require(busy && !first.done(), "a second read is a BusyError, and the first waits on");
        co_await pair.a.write("x");
        co_await group.join();
    }

    static Task<> after_close_every_call_is_a_ClosedError(Pair& pair) {
        co_await pair.a.close();
        co_await pair.a.close();
        require(pair.a.is_closing(), "close() closes, and twice does nothing");
        int closed = 0;
        try {
            co_await pair.a.read();
        } catch (const ClosedError&) {
            ++closed;
        }
        try {
            co_await pair.a.write("x");
        } catch (const ClosedError&) {
            ++closed;
        }
        try {
            pair.a.write_eof();
        } catch (const ClosedError&) {
            ++closed;
        }
        require(closed == 3, "after close() each call raises ClosedError");
        auto end = co_await pair.b.read();
        require(end.empty(), "the peer sees the end");
    }

    static Task<> abort_ends_who_waits(Pair& pair) {
        asyncio::TaskGroup group;
        group.spawn(read_once, &pair.a);
        group.spawn(send, &pair.a, std::string(4'000'000, 'x'), false);
        co_await asyncio::sleep(std::chrono::milliseconds(1));
        pair.a.abort();
        bool closed = false;
        try {
            co_await group.join();
        } catch (const ClosedError&) {
            closed = true;
        } catch (const ExceptionGroup&) {
            closed = true;
        }
        require(closed, "who waits in a call when abort() is called gets ClosedError");
    }

    static Task<> what_was_written_before_close_arrives(Pair& pair) {
        co_await pair.b.write("never read");
        std::string sent = text(50'000);
        co_await asyncio::sleep(std::chrono::milliseconds(1));
        asyncio::TaskGroup group;
        auto write_and_close = [&]() -> Task<> {
            co_await pair.a.write(sent);
            co_await pair.a.close();
        };
        group.spawn(write_and_close);
        auto seen = co_await pair.b.read_all(sent.size());
        require(seen.view() == sent, "close() lets all that was written arrive, though input is unread");
        co_await pair.b.close();
        co_await group.join();
    }

    static constexpr Promise promises[] = {
        {"bytes arrive in order", &bytes_arrive_in_order},
        {"an end comes after all data, and stays", &an_end_comes_after_all_data_and_stays},
        {"who has sent the end still reads", &who_has_sent_the_end_still_reads},
        {"read_into fills a part", &read_into_fills_a_part},
        {"readexactly is exact, or says what came", &readexactly_is_exact_or_says_what_came},
        {"whoever is cancelled has lost nothing", &whoever_is_cancelled_has_lost_nothing},
        {"lines and separators", &lines_and_separators},
        {"what is past a limit stays", &what_is_past_a_limit_stays},
        {"writes go out whole", &writes_go_out_whole},
        {"one read at a time", &one_read_at_a_time},
        {"after close every call is a ClosedError", &after_close_every_call_is_a_ClosedError},
        {"abort ends who waits", &abort_ends_who_waits},
        {"what was written before close arrives", &what_was_written_before_close_arrives},
    };
};

/// Holds every promise of a stream against what `make_pair` makes, with each of the seeds: `make_pair()` is a coroutine
/// that returns a struct of two connected ends, `a` and `b`; their type has the verbs of Stream. Buffers of more than 4 MB
/// between them are too many. The first that is broken is told as for_each_seed() does. Returns how many there are.
template <class MakePair>
std::size_t check_stream_contract(MakePair make_pair, const Seeds& seeds = {.count = 10},
                                  const SimulationOptions& options = {}) {
    using Pair = typename decltype(make_pair())::value_type;
    for (auto& promise : StreamContract<Pair>::promises) {
        auto scenario = [&](Simulation& simulation) {
            auto check = [&]() -> Task<> {
                Pair pair = co_await make_pair();
                co_await promise.check(pair);
            };
            simulation.run(check());
        };
        for_each_seed("stream contract: " + std::string(promise.name), seeds, scenario, options);
    }
    return std::size(StreamContract<Pair>::promises);
}

}  // namespace bight::testing
