// SPDX-License-Identifier: BSL-1.0
#include "bench_run.h"

#include "listen.h"

#include <bight/error.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <exception>
#include <utility>

namespace bight::tool {
namespace {

using asyncio::Semaphore;
using TimePoint = BenchRun::TimePoint;

// How long a datagram may be on its way before it counts as lost.
constexpr Duration longest_way = std::chrono::seconds(1);

/// More than this may not fit between the two sides: then somebody must read while it is written.
constexpr std::size_t fits_in_between = 16384;

/// When the requests were sent that have no answer yet.
struct UnderWay {
    explicit UnderWay(std::size_t depth) : places(static_cast<std::ptrdiff_t>(depth)) {}
    Semaphore places;
    std::deque<TimePoint> sent;
    std::uint64_t number = 0;  // of the next one
};

}  // namespace

BenchRun::BenchRun(const BenchOptions& how) : options(how), target(parse_endpoint(how.where)) {
    request.resize(how.size);
    for (std::size_t i = 0; i < request.size(); ++i) request[i] = static_cast<char>('!' + i % 89);
}

TimePoint BenchRun::scheduled(std::size_t index, std::uint64_t number) const noexcept {
    auto place = static_cast<double>(number * options.connections + index);
    std::chrono::duration<double> after(place / static_cast<double>(*options.rate));
    return begin + std::chrono::duration_cast<Duration>(after);
}

void BenchRun::unsent_at_end(std::size_t index, std::uint64_t number) noexcept {
    constexpr std::uint64_t most_recorded = 4096;
    if (!options.rate) return;
    TimePoint over = std::min(now(), end);
    double due = std::chrono::duration<double>(over - begin).count() * static_cast<double>(*options.rate);
    double own = std::ceil((due - static_cast<double>(index)) / static_cast<double>(options.connections));
    auto behind = static_cast<std::uint64_t>(std::max(own, 0.0));
    if (behind <= number) return;
    std::uint64_t count = behind - number, groups = std::min(count, most_recorded);
    for (std::uint64_t group = 0, first = number; group < groups; ++group) {
        std::uint64_t next = group + 1 == groups ? behind : first + count / groups;
        latencies.record(over - scheduled(index, first + (next - first) / 2), next - first);
        first = next;
    }
    unanswered += count;
}

bool BenchRun::is_echo(Bytes data, std::size_t offset) const noexcept {
    while (!data.empty()) {
        std::size_t size = std::min(data.size(), request.size() - offset);
        if (data.slice(0, size) != Bytes(request).slice(offset, size)) return false;
        data = data.slice(size);
        offset = 0;
    }
    return true;
}

// ---- Streams. ----------------------------------------------------------------------------------------------------------

namespace {

/// Reads answers; each frees the place of its request.
Task<> read_answers(BenchRun* run, Stream* stream, UnderWay* under_way) {
    std::size_t part = 0;  // of the answer that has begun to come
    while (true) {
        auto data = co_await stream->read();
        if (!data) throw ConnectionAbortedError(ECONNABORTED, "the server has ended the connection");
        if (!run->is_echo(data, part)) throw ValueError("the answer is not what was sent: an echo service is needed");
        for (part += data.size(); part >= run->options.size; part -= run->options.size) {
            if (under_way->sent.empty()) throw ValueError("the server has answered more than was sent");
            run->answered(under_way->sent.front());
            under_way->sent.pop_front();
            under_way->places.release();
        }
    }
}

/// Sends requests: as there is a place for them, or as the rate has it. A late one counts from when it was due.
Task<> write_requests(BenchRun* run, Stream* stream, UnderWay* under_way, std::size_t index) {
    while (true) {
        TimePoint due{};
        if (run->options.rate) {
            due = run->scheduled(index, under_way->number);
            if (due >= run->end) co_return;
            TimePoint now = run->now();
            if (due > now) co_await asyncio::sleep(due - now);
        }
        auto place = co_await under_way->places.acquire();
        place.detach();
        under_way->sent.push_back(run->options.rate ? due : run->now());
        ++under_way->number;
        co_await stream->write(run->request);
    }
}

Task<> read_and_write(BenchRun* run, Stream* stream, std::size_t index) {
    UnderWay under_way(run->options.depth);
    asyncio::TaskGroup group;
    group.spawn(write_requests, run, stream, &under_way, index);
    auto reading = group.spawn(read_answers, run, stream, &under_way);
    std::exception_ptr ended;
    try {
        co_await group.join();
    } catch (...) {
        ended = std::current_exception();
    }
    for (TimePoint sent : under_way.sent) run->unanswered_at_end(sent);
    run->unsent_at_end(index, under_way.number);
    if (ended) std::rethrow_exception(ended);
}

/// As fast as the answers come, and little enough to be written at once: no second task is needed.
Task<> take_turns(BenchRun* run, Stream* stream) {
    std::size_t size = run->options.size, depth = run->options.depth;
    std::string block;
    for (std::size_t i = 0; i < depth; ++i) block += run->request;
    std::vector<TimePoint> sent(depth, run->now());
    co_await stream->write(block);
    std::size_t next = 0, part = 0;
    std::exception_ptr cancelled;
    while (true) {
        Buffer data;
        try {
            data = co_await stream->read();
        } catch (const asyncio::Cancelled&) {
            cancelled = std::current_exception();
        }
        if (cancelled) {
            run->unanswered_at_end(sent[next]);  // the oldest
            std::rethrow_exception(cancelled);
        }
        if (!data) throw ConnectionAbortedError(ECONNABORTED, "the server has ended the connection");
        if (!run->is_echo(data, part)) throw ValueError("the answer is not what was sent: an echo service is needed");
        std::size_t whole = (part + data.size()) / size;
        if (whole > depth) throw ValueError("the server has answered more than was sent");
        part = (part + data.size()) % size;
        for (std::size_t i = 0; i < whole; ++i) {
            run->answered(sent[next]);
            sent[next] = run->now();
            next = (next + 1) % depth;
        }
        Bytes again = Bytes(block).slice(0, whole * size);
        co_await stream->write(again);
    }
}

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "an exception of unknown type";
    }
}

}  // namespace

Task<> bench_stream(BenchRun* run, Stream stream, std::size_t index) {
    bool little = run->options.size * run->options.depth <= fits_in_between;
    try {
        if (little && !run->options.rate)
            co_await take_turns(run, &stream);
        else
            co_await read_and_write(run, &stream, index);
    } catch (const OSError& error) {
        run->failed(error.what());
    } catch (const ValueError& error) {
        run->failed(error.what());
    } catch (const ExceptionGroup& both) {  // of the reader and the writer
        run->failed(text_of(both.exceptions().front()));
    }
}

// ---- Datagrams. --------------------------------------------------------------------------------------------------------

namespace {

/// Requests are numbered in their first bytes, so that a late answer is not taken for the next one's.
class Numbered {
public:
    explicit Numbered(const std::string& request)
        : text_(request), prefix_(std::min(sizeof(std::uint32_t), request.size())) {}

    Bytes next() noexcept {
        ++number_;
        std::memcpy(text_.data(), &number_, prefix_);
        return text_;
    }
    bool is_answer(Bytes data) const noexcept { return data == Bytes(text_); }
    bool is_late_answer(Bytes data) const noexcept {
        return data.size() == text_.size() && data.slice(prefix_) == Bytes(text_).slice(prefix_);
    }

private:
    std::string text_;
    std::size_t prefix_;
    std::uint32_t number_ = 0;
};

Task<> read_answer(asyncio::Datagram* port, const Numbered* request, std::size_t size) {
    while (true) {
        auto answer = co_await port->recvfrom(size + 1);
        if (request->is_answer(answer.data)) co_return;
        if (!request->is_late_answer(answer.data))
            throw ValueError("the answer is not what was sent: an echo service is needed");
    }
}

}  // namespace

Task<> bench_datagrams(BenchRun* run, asyncio::Datagram port, std::size_t index) {
    Numbered request(run->request);
    for (std::uint64_t number = 0;; ++number) {
        TimePoint sent = run->now();
        if (run->options.rate) {
            TimePoint due = run->scheduled(index, number);
            if (due > sent) co_await asyncio::sleep(due - sent);  // past the end of the run, it is cancelled
            sent = due;
        }
        std::exception_ptr cancelled;
        std::string failed;
        try {
            Bytes text = request.next();
            co_await port.send(text);
            co_await asyncio::wait_for(read_answer(&port, &request, run->options.size), longest_way);
            run->answered(sent);
            continue;
        } catch (const asyncio::Cancelled&) {
            cancelled = std::current_exception();
        } catch (const TimeoutError&) {
            run->lost_by_now(sent);
            continue;
        } catch (const OSError& error) {
            failed = error.what();
        } catch (const ValueError& error) {
            failed = error.what();
        }
        run->unanswered_at_end(sent);
        run->unsent_at_end(index, number + 1);
        if (cancelled) std::rethrow_exception(cancelled);
        run->failed(failed + " (" + run->port_of + ")");
        co_return;
    }
}

}  // namespace bight::tool
