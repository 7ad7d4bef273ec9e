// SPDX-License-Identifier: BSL-1.0
#include "bench.h"

#include "admission.h"
#include "bench_run.h"
#include "exit_code.h"
#include "json.h"
#include "listen.h"
#include "quantity.h"
#include "talk.h"

#include <bight/error.h>

#include <fmt/core.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <vector>

namespace bight::tool {
namespace {

using Seconds = std::chrono::duration<double>;

void check(const BenchOptions& options, const Endpoint& target) {
    if (options.size > (std::size_t{1} << 26)) throw ValueError("-s takes 64M at the most");
    if (is_datagram(target) && options.size > 65507) throw ValueError("a datagram has 65507 bytes at the most");
    if (is_datagram(target) && options.depth > 1) throw ValueError("-d is for streams: take more ports, by -c");
    if (!is_datagram(target) && options.size == 0) throw ValueError("-s takes 0 for datagrams only");
    if (options.depth > (std::size_t{1} << 20)) throw ValueError("-d takes 1048576 at the most");
    if (options.rate && *options.rate > 1'000'000'000) throw ValueError("--rate takes 1000000000 at the most");
    if (options.time <= Duration::zero()) throw ValueError("-t takes a time above 0");
}

asyncio::Datagram open_port(const Address& where) {
    if (where.family() != Family::unix_domain) return asyncio::open_datagrams({.remote_addr = &where});
    Address unnamed = Address::unnamed();  // an answer needs a name to go to: the kernel gives one
    return asyncio::open_datagrams({.local_addr = &unnamed, .remote_addr = &where});
}

Task<Address> find(const Endpoint& target) {
    HostPort where = target.where();
    if (const Address* known = where.address()) co_return *known;
    std::string host(where.host());
    auto found = co_await asyncio::getaddrinfo(host, where.port(), {.kind = Kind::datagram});
    co_return found.front().address;
}

struct Ended {
    Duration took{};
    int sig = 0;
    std::string engine;
    Step step = Step::other;  // of what an error has ended
};

Task<> work(BenchRun* run, Ended* ended) {
    const BenchOptions& options = run->options;
    std::vector<Stream> streams;
    std::vector<asyncio::Datagram> ports;
    ended->step = Step::connecting;
    if (is_datagram(run->target)) {
        Address where = co_await find(run->target);
        run->port_of = where.to_string();
        for (std::size_t i = 0; i < options.connections; ++i) ports.push_back(open_port(where));
    } else {
        for (std::size_t i = 0; i < options.connections; ++i) {
            HostPort where = run->target.where();
            Stream stream = co_await asyncio::open_connection(where);
            streams.push_back(std::move(stream));
        }
    }
    ended->step = Step::other;
    asyncio::TaskGroup group;
    run->begin = run->now();
    run->end = run->begin + options.time;
    for (std::size_t i = 0; i < streams.size(); ++i) group.spawn(bench_stream, run, std::move(streams[i]), i);
    for (std::size_t i = 0; i < ports.size(); ++i) group.spawn(bench_datagrams, run, std::move(ports[i]), i);
    std::exception_ptr cancelled;
    try {
        co_await asyncio::wait_for(group.join(), options.time);
    } catch (const TimeoutError&) {
    } catch (const asyncio::Cancelled&) {
        cancelled = std::current_exception();
    }
    ended->took = std::min<Duration>(run->now() - run->begin, options.time);
    if (cancelled) std::rethrow_exception(cancelled);
}

Task<> end_at_signal(asyncio::SignalReceiver* signals, asyncio::TaskHandle<void>* working, int* sig) {
    *sig = co_await signals->receive();
    working->cancel();
}

Task<> measure(BenchRun* run, Ended* ended) {
    ended->engine = asyncio::get_running_loop().engine();
    asyncio::SignalReceiver signals({SIGINT, SIGTERM});
    asyncio::TaskHandle<void> working;
    asyncio::TaskGroup group;
    working = group.spawn(work, run, ended);
    auto watching = group.spawn(end_at_signal, &signals, &working, &ended->sig);
    co_await working.ended();
    watching.cancel();
    co_await group.join();
}

double seconds(Duration time) { return Seconds(time).count(); }
double microseconds(Duration time) { return seconds(time) * 1e6; }

std::string format_latency(Duration time) {
    double us = microseconds(time);
    if (us < 1000) return fmt::format("{:.1f} us", us);
    return us < 1e6 ? fmt::format("{:.2f} ms", us / 1e3) : fmt::format("{:.2f} s", us / 1e6);
}

std::string json_of(const BenchRun& run, const Ended& ended) {
    const BenchOptions& options = run.options;
    double took = seconds(ended.took);
    double rate = took > 0 ? static_cast<double>(run.requests) / took : 0;
    auto number = [](double value) { return fmt::format("{:.3f}", value); };
    JsonObject latency;
    latency.add_number("min", number(microseconds(run.latencies.least())))
        .add_number("mean", number(microseconds(run.latencies.mean())));
    for (auto [name, part] : {std::pair("p50", .5), {"p90", .9}, {"p99", .99}, {"p99.9", .999}, {"p99.99", .9999}})
        latency.add_number(name, number(microseconds(run.latencies.quantile(part))));
    latency.add_number("max", number(microseconds(run.latencies.most())));
    JsonObject result;
    result.add("schema", "bight.bench/1")
        .add("endpoint", run.target.to_string())
        .add("engine", ended.engine)
        .add("connections", options.connections)
        .add("size", options.size)
        .add("depth", options.depth)
        .add_number("seconds", number(took));
    if (options.rate)
        result.add("rate", *options.rate);
    else
        result.add_null("rate");
    result.add("requests", run.requests)
        .add_number("requests_per_second", number(rate))
        .add_number("bytes_per_second", number(rate * static_cast<double>(options.size)))
        .add("unanswered", run.unanswered)
        .add("errors", run.errors)
        .add("lost", run.lost)
        .add("latency_us", latency);
    return result.text() + '\n';
}

std::string text_of(const BenchRun& run, const Ended& ended) {
    const BenchOptions& options = run.options;
    const Latencies& all = run.latencies;
    double took = seconds(ended.took);
    double rate = took > 0 ? static_cast<double>(run.requests) / took : 0;
    std::string text = fmt::format("{}: {} {}, {} bytes, depth {}, {:.1f} s, {}{}\n", run.target.to_string(),
                                   options.connections, is_datagram(run.target) ? "ports" : "connections", options.size,
                                   options.depth, took, ended.engine,
                                   options.rate ? fmt::format(", {} requests a second wanted", *options.rate) : "");
    auto moved = static_cast<std::uint64_t>(rate * static_cast<double>(options.size));
    text += fmt::format("  requests  {}, {:.0f} a second, {} a second each way\n", run.requests, rate,
                        format_size(moved));
    text += fmt::format("  latency   min {}, mean {}, max {}\n", format_latency(all.least()),
                        format_latency(all.mean()), format_latency(all.most()));
    text += fmt::format("            p50 {}, p90 {}, p99 {}, p99.9 {}\n", format_latency(all.quantile(.5)),
                        format_latency(all.quantile(.9)), format_latency(all.quantile(.99)),
                        format_latency(all.quantile(.999)));
    if (run.unanswered > 0) text += fmt::format("  late      {} requests had no answer at the end\n", run.unanswered);
    if (run.lost > 0) text += fmt::format("  lost      {} datagrams\n", run.lost);
    if (run.errors > 0) text += fmt::format("  errors    {} connections: {}\n", run.errors, run.first_error);
    return text;
}

}  // namespace

int run_bench(const BenchOptions& options) {
    std::unique_ptr<BenchRun> run;
    Ended ended;
    try {
        check(options, parse_endpoint(options.where));  // before so much memory is taken
        run = std::make_unique<BenchRun>(options);
        raise_descriptor_limit();
        asyncio::run(measure(run.get(), &ended), {.engine = options.engine});
    } catch (const std::exception& error) {
        return complain(error, ended.step);
    }
    print(options.json ? json_of(*run, ended) : text_of(*run, ended));
    if (run->errors > 0) say(run->first_error);
    if (ended.sig != 0) return exit_code::signalled + ended.sig;
    if (run->errors > 0) return exit_code::no;
    if (run->requests > 0) return exit_code::ok;
    say("there was no answer");
    return exit_code::no;
}

}  // namespace bight::tool
