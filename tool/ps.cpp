// SPDX-License-Identifier: BSL-1.0
#include "ps.h"

#include "exit_code.h"
#include "talk.h"

#include <bight/asyncio/loop.h>
#include <bight/error.h>
#include <bight/options.h>
#include <bight/printable.h>
#include <bight/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace bight::tool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration longest_answer = std::chrono::seconds(5);
constexpr Duration longest_process = std::chrono::seconds(30);  // all its loops together
constexpr std::size_t largest_answer = std::size_t{16} << 20;

/// Until its end, or the mark of one that is whole. Raises TimeoutError; RuntimeError for too much.
std::string read_answer(Socket& connection, Clock::time_point end) {
    std::string text;
    while (!text.ends_with("\n\n")) {
        auto left = end - Clock::now();
        if (left <= Duration::zero()) raise_os_error(ETIMEDOUT, "read an answer");
        connection.settimeout(left);
        auto data = connection.try_recv(65536);
        if (!data && data.error() == std::errc::connection_reset) break;
        if (!data) raise_os_error(data.error(), "read an answer");
        if (data->empty()) break;
        text += data->view();
        if (text.size() > largest_answer) throw RuntimeError("its answer does not end");
    }
    return text;
}

/// What loop `number` of that process says; unset where there is none. The process is not trusted: its name may be
/// somebody else's, and its text of any kind.
std::optional<std::string> ask(int pid, int number, Clock::time_point end) {
    Socket connection(Family::unix_domain);
    connection.settimeout(end - Clock::now());
    auto name = "bight.ps." + std::to_string(pid) + "." + std::to_string(number);
    auto connected = connection.try_connect(Address::abstract_name(name));
    if (!connected) {
        if (connected.error() == std::errc::connection_refused) return std::nullopt;
        raise_os_error(connected.error(), "connect");
    }
    auto who = connection.get(options::peer_credentials).pid;
    if (who != pid) throw RuntimeError("process " + std::to_string(who) + " answers in its place");
    std::string text = read_answer(connection, end);
    if (text == "no\n") throw PermissionError(EACCES, "ask it");
    if (!text.ends_with("\n\n")) throw RuntimeError("it has ended before it had answered");
    text.pop_back();
    return printable(text, "\n");
}

/// Appends what its loops say. Returns the exit code.
int ask_process(int pid, std::string& text) {
    auto end = Clock::now() + longest_process;
    std::optional<int> code;
    for (int number = 0; number < asyncio::LoopOptions::most_observable; ++number) {
        std::string loop = "loop " + std::to_string(number);
        int failed = exit_code::ok;
        try {
            auto answer = ask(pid, number, std::min<Clock::time_point>(end, Clock::now() + longest_answer));
            if (!answer) continue;
            text += loop + ": " + *answer;
        } catch (const TimeoutError&) {
            say(loop + " of process " + std::to_string(pid) + " does not answer: it is held up, or does not run");
            failed = exit_code::timeout;
        } catch (const std::exception& error) {
            say(loop + " of process " + std::to_string(pid) + ": " + error.what());
            failed = exit_code::no;
        }
        if (!code || *code == exit_code::ok) code = failed;
        if (Clock::now() >= end) break;  // more of them would not answer either
    }
    if (!code) say("process " + std::to_string(pid) + " has no loop that may be asked");
    return code.value_or(exit_code::no);
}

}  // namespace

int run_ps(const PsOptions& options) {
    int code = exit_code::ok;
    for (int pid : options.pids) {
        std::string text;
        int ended = ask_process(pid, text);
        if (options.pids.size() > 1 && !text.empty()) text = "process " + std::to_string(pid) + "\n" + text;
        print(text);
        if (code == exit_code::ok) code = ended;
    }
    return code;
}

}  // namespace bight::tool
