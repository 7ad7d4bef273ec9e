// SPDX-License-Identifier: BSL-1.0
#include "doctor.h"

#include "exit_code.h"
#include "json.h"
#include "probe.h"
#include "talk.h"
#include "version.h"

#include <bight/asyncio/loop.h>
#include <bight/printable.h>

#include <fmt/core.h>

#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace bight::tool {
namespace {

/// What coroutines would run on here.
struct LoopEngine {
    std::string name;
    std::string reason;
};

LoopEngine loop_engine() {
    try {
        asyncio::EventLoop loop;
        return {std::string(loop.engine()), loop.engine_reason()};
    } catch (const std::exception& error) {
        return {"none", error.what()};
    }
}

struct Variable {
    std::string name;
    std::optional<std::string> value;
};

/// All that is found out, before it is decided how to show it.
struct Findings {
    Kernel system = kernel();
    ProcessLimit descriptors = process_limit(RLIMIT_NOFILE);
    ProcessLimit memlock = process_limit(RLIMIT_MEMLOCK);
    std::optional<long> somaxconn = kernel_setting("net/core/somaxconn");
    std::string io_uring = io_uring_verdict();
    std::optional<long> io_uring_disabled = kernel_setting("kernel/io_uring_disabled");
    LoopEngine engine = loop_engine();
    bool ipv6 = has_ipv6();
    std::vector<std::string> selectors{"epoll", "poll", "select"};
    std::vector<Variable> environment;
};

Findings examine() {
    Findings found;
    for (const char* name : {"BIGHT_ENGINE", "NO_COLOR"}) {
        const char* value = std::getenv(name);
        found.environment.push_back({name, value ? std::optional<std::string>(value) : std::nullopt});
    }
    return found;
}

template <class Value>
void add(JsonObject& object, const std::string& key, const std::optional<Value>& value) {
    if (value) {
        object.add(key, *value);
    } else {
        object.add_null(key);
    }
}

std::string as_json(const Findings& found) {
    JsonObject limits, ring, engine, environment, report;
    add(limits, "nofile_soft", found.descriptors.soft);
    add(limits, "nofile_hard", found.descriptors.hard);
    add(limits, "memlock_soft", found.memlock.soft);
    add(limits, "memlock_hard", found.memlock.hard);
    add(limits, "somaxconn", found.somaxconn);
    ring.add("status", found.io_uring);
    add(ring, "kernel.io_uring_disabled", found.io_uring_disabled);
    engine.add("name", found.engine.name).add("reason", found.engine.reason);
    for (auto& [name, value] : found.environment) add(environment, name, value);
    report.add("schema", "bight.doctor/1").add("version", version()).add("compiler", compiler());
    report.add("kernel", found.system.release).add("machine", found.system.machine).add("ipv6", found.ipv6);
    report.add("limits", limits).add("io_uring", ring).add("engine", engine).add("selectors", found.selectors);
    return report.add("environment", environment).text() + '\n';
}

template <class Value>
std::string shown(const std::optional<Value>& value, const char* otherwise) {
    return value ? fmt::format("{}", *value) : otherwise;
}

std::string as_text(const Findings& found) {
    auto limit = [](const ProcessLimit& value) {
        return fmt::format("{} (up to {})", shown(value.soft, "unlimited"), shown(value.hard, "unlimited"));
    };
    std::string text;
    auto line = [&](const char* name, const std::string& value) { text += fmt::format("{:<14}{}\n", name, value); };
    line("bight", fmt::format("{}, {}", version(), compiler()));
    line("kernel", fmt::format("{}, {}", found.system.release, found.system.machine));
    line("descriptors", limit(found.descriptors));
    line("locked memory", limit(found.memlock));
    line("somaxconn", shown(found.somaxconn, "unknown"));
    line("io_uring", fmt::format("{}; kernel.io_uring_disabled {}", found.io_uring,
                                 shown(found.io_uring_disabled, "is not there")));
    line("engine", printable(found.engine.name + ": " + found.engine.reason));
    line("ipv6", found.ipv6 ? "yes" : "no");
    line("selectors", fmt::format("{}, {}, {}", found.selectors[0], found.selectors[1], found.selectors[2]));
    for (auto& [name, value] : found.environment) line(name.c_str(), printable(shown(value, "not set")));
    return text;
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
    auto found = examine();
    print(options.json ? as_json(found) : as_text(found));
    return exit_code::ok;
}

}  // namespace bight::tool
