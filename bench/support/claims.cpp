// SPDX-License-Identifier: BSL-1.0
#include "support/claims.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace bench {
namespace {

enum class Mode { benchmark, pairs, count, list };

struct Arguments {
    Mode mode = Mode::benchmark;
    bool json = false;
    int pairs = 100;
    std::string_view only;
    std::string_view side;
    std::vector<std::string_view> rest;
};

long number(std::string_view text) {
    long value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1)
        throw std::invalid_argument("no number above 0: " + std::string(text));
    return value;
}

Arguments parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        std::string_view text = argv[i];
        std::string_view value = text.substr(text.find('=') == text.npos ? text.size() : text.find('=') + 1);
        if (text.starts_with("--pairs")) {
            arguments.mode = Mode::pairs;
            if (!value.empty()) arguments.pairs = static_cast<int>(number(value));
        } else if (text.starts_with("--count=")) {
            arguments.mode = Mode::count;
            arguments.side = value;
        } else if (text == "--list") {
            arguments.mode = Mode::list;
        } else if (text == "--json") {
            arguments.json = true;
        } else if (text.starts_with("--only=")) {
            arguments.only = value;
        } else {
            arguments.rest.push_back(text);
        }
    }
    return arguments;
}

void show_goals(const Claim& claim, bool json) {
    std::printf(json ? "{\"name\": \"%s\", \"goal\": %g, \"instructions\": %d}\n" : "%-44s goal %g, instructions %d\n",
                claim.name.c_str(), claim.goal, claim.instructions);
}

void show_pairs(const Claim& claim, const Arguments& arguments) {
    int pairs = claim.pairs > 0 ? std::min(claim.pairs, arguments.pairs) : arguments.pairs;
    PairResult result = run_pairs(claim.ours, claim.theirs, pairs, claim.window_ns);
    if (arguments.json) {
        std::printf("{\"name\": \"%s\", \"goal\": %g, \"pairs\": %d, \"ratio\": %.4f, \"low\": %.4f, \"high\": %.4f, "
                    "\"ours_ns\": %.1f, \"theirs_ns\": %.1f}\n",
                    claim.name.c_str(), claim.goal, result.pairs, result.ratio, result.low, result.high, result.ours_ns,
                    result.theirs_ns);
    } else {
        const char* verdict = claim.goal <= 0 ? "" : result.ratio <= claim.goal ? "pass" : "MISS";
        std::printf("%-44s %6.3f (%.3f-%.3f)  goal %4.2f %-4s  ours %8.1f ns, theirs %8.1f ns\n", claim.name.c_str(),
                    result.ratio, result.low, result.high, claim.goal, verdict, result.ours_ns, result.theirs_ns);
    }
    std::fflush(stdout);
}

int count(const std::vector<Claim>& claims, const Arguments& arguments) {
    if (arguments.rest.size() != 2 || (arguments.side != "ours" && arguments.side != "theirs"))
        throw std::invalid_argument("--count=ours|theirs NAME TURNS");
    for (const Claim& claim : claims) {
        if (claim.name != arguments.rest[0]) continue;
        (arguments.side == "ours" ? claim.ours : claim.theirs).work(number(arguments.rest[1]));
        return 0;
    }
    throw std::invalid_argument("no claim of that name: " + std::string(arguments.rest[0]));
}

int run_google_benchmark(int argc, char** argv, const std::vector<Claim>& claims) {
    for (const Claim& claim : claims) {
        auto add = [](const std::string& name, const Side& side) {
            benchmark::RegisterBenchmark(name.c_str(), [&side](benchmark::State& state) {
                constexpr long batch = 64;
                while (state.KeepRunningBatch(batch)) side.work(batch);
            });
        };
        add(claim.name + "/bight", claim.ours);
        add(claim.name + "/raw", claim.theirs);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

int run(int argc, char** argv, Claims make_claims) {
    Arguments arguments = parse(argc, argv);
    stay_on_one_core();
    std::vector<Claim> claims = make_claims();
    std::erase_if(claims, [&](const Claim& claim) { return claim.name.find(arguments.only) == claim.name.npos; });
    switch (arguments.mode) {
        case Mode::count: return count(claims, arguments);
        case Mode::benchmark: return run_google_benchmark(argc, argv, claims);
        case Mode::list:
            for (const Claim& claim : claims) show_goals(claim, arguments.json);
            break;
        case Mode::pairs:
            for (Claim& claim : claims) show_pairs(Claim(std::move(claim)), arguments);
            break;
    }
    return 0;
}

}  // namespace

int run_claims(int argc, char** argv, Claims claims) {
    try {
        return run(argc, argv, claims);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 2;
    }
}

}  // namespace bench
