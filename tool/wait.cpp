// SPDX-License-Identifier: BSL-1.0
#include "wait.h"

#include "exit_code.h"
#include "json.h"
#include "listen.h"
#include "stop_signals.h"
#include "talk.h"

#include <bight/error.h>
#include <bight/socket.h>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>

#include <netdb.h>
#include <unistd.h>

namespace bight::tool {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration first_pause = 20ms, longest_pause = 1s;
constexpr Duration attempt_limit = 5s;  // a host that keeps silent now may speak when it is asked again

constexpr int cannot_run = 126, not_found = 127;  // as env(1) and shells have it

/// Whether the same attempt may go well later: nobody is there yet, or the way to it is not.
bool may_change(const OSError& error) {
    if (dynamic_cast<const GaiError*>(&error)) return error.errnum() == EAI_AGAIN;
    switch (error.errnum()) {
        case EADDRNOTAVAIL:
        case EAGAIN:
        case ECONNABORTED:
        case ECONNREFUSED:
        case ECONNRESET:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENETDOWN:
        case ENETUNREACH:
        case ENOENT:  // of a Unix path
        case ETIMEDOUT: return true;
        default: return false;
    }
}

void connect_once(const Endpoint& endpoint, Duration limit) {
    auto connection = socket::create_connection(endpoint.where(), {.timeout = limit});
    // Where nobody listens, a port of the range for clients can be given to this very socket, which then meets itself.
    if (!is_unix(endpoint) && connection.getsockname() == connection.getpeername())
        raise_os_error(ECONNREFUSED, "connect to " + endpoint.to_string());
}

class Waiting {
public:
    explicit Waiting(const WaitOptions& options) : options_(options) {}

    /// Until somebody accepts there, or the time is over: then false.
    bool for_endpoint(const Endpoint& endpoint) {
        Duration pause = first_pause;
        for (int attempts = 1;; ++attempts) {
            auto why = attempt(endpoint, attempts);
            auto left = time_left();
            bool over = why && left && *left <= Duration::zero();
            if (over)
                say(endpoint.to_string() + ": timed out; the last of " + std::to_string(attempts) +
                    " attempts: " + *why);
            if (!why || over) {
                print_json(endpoint, attempts, why);
                return !over;
            }
            std::this_thread::sleep_for(left ? std::min(pause, *left) : pause);
            pause = std::min(pause * 3 / 2, longest_pause);
        }
    }

private:
    Timeout time_left() const {
        if (!options_.timeout) return std::nullopt;
        return *options_.timeout - (Clock::now() - begin_);
    }

    /// What went wrong; nothing if all went well. Raises what no waiting will change, once it is in the output.
    std::optional<std::string> attempt(const Endpoint& endpoint, int number) {
        auto left = time_left();
        try {
            connect_once(endpoint, left ? std::clamp<Duration>(*left, 1ms, attempt_limit) : attempt_limit);
            return std::nullopt;
        } catch (const OSError& error) {
            if (may_change(error)) return error.what();
            print_json(endpoint, number, error.what());
            throw;
        }
    }

    void print_json(const Endpoint& endpoint, int attempts, const std::optional<std::string>& why) const {
        if (!options_.json) return;
        std::chrono::duration<double> seconds = Clock::now() - begin_;
        JsonObject line;
        line.add("schema", "bight.wait/1")
            .add("endpoint", endpoint.to_string())
            .add("ok", !why)
            .add("attempts", attempts);
        line.add_number("seconds", fmt::format("{:.3f}", seconds.count()));
        if (why) line.add("error", *why);
        print(line.text() + '\n');
    }

    const WaitOptions& options_;
    Clock::time_point begin_ = Clock::now();
};

/// With the signals as they were when this process began.
int become(const std::vector<std::string>& command, const sigset_t& mask) {
    std::vector<char*> arguments;
    for (auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));  // execvp() does not write
    arguments.push_back(nullptr);
    restore_sigpipe();
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    ::execvp(arguments.front(), arguments.data());
    int errnum = errno;
    say(command.front() + ": " + Errno(errnum).message());
    return errnum == ENOENT ? not_found : cannot_run;
}

}  // namespace

int run_wait(const WaitOptions& options) {
    std::vector<Endpoint> endpoints;
    for (auto& text : options.where) {
        endpoints.push_back(parse_endpoint(text));
        if (is_datagram(endpoints.back()))
            throw ValueError("'" + text + "': whether somebody takes datagrams cannot be seen: tcp: and unix: only");
    }
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    {
        StopSignals signals;
        ExitOnSignal exit_on_signal(signals);
        Waiting waiting(options);
        try {
            for (auto& endpoint : endpoints)
                if (!waiting.for_endpoint(endpoint)) return exit_code::timeout;
        } catch (const OSError& error) {
            return complain(error, Step::connecting);
        }
    }
    return options.command.empty() ? exit_code::ok : become(options.command, mask);
}

}  // namespace bight::tool
