// SPDX-License-Identifier: BSL-1.0
/// Child processes: create_subprocess_exec(), create_subprocess_shell().
#pragma once

#include <bight/asyncio/stream.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/wait_list.h>
#include <bight/buffer.h>
#include <bight/bytes.h>

#include <coroutine>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace bight::asyncio {

/// What a standard descriptor of a child is to be: a descriptor of ours, or one of those below.
struct Stdio {
    constexpr Stdio(int descriptor) noexcept : value(descriptor) {}
    friend bool operator==(Stdio, Stdio) = default;
    int value;
};

namespace subprocess {
inline constexpr Stdio inherit{-4};  // ours
inline constexpr Stdio PIPE{-1};     // a stream of the Process
inline constexpr Stdio STDOUT{-2};   // of stderr: wherever stdout goes
inline constexpr Stdio DEVNULL{-3};
}  // namespace subprocess

// Only members that need no destruction: g++ 12 destroys others twice where the struct is made within a co_await.
struct SubprocessOptions {
    Stdio stdin = subprocess::inherit;
    Stdio stdout = subprocess::inherit;
    Stdio stderr = subprocess::inherit;
    const char* cwd = nullptr;                      // the folder to run in
    const std::vector<std::string>* env = nullptr;  // "NAME=value", in place of ours
};
static_assert(std::is_trivially_destructible_v<SubprocessOptions>);

/// What communicate() has read; empty where that was no pipe.
struct ProcessOutput {
    Buffer stdout;
    Buffer stderr;
};

namespace detail {
struct Child;
}

/// A child. Where it still runs when this goes it is killed, and collected by the loop: no zombie is left. Moved, not
/// copied; not to outlive the loop.
class Process {
public:
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    ~Process();

    int pid() const noexcept;

    /// How it has ended: its status, or minus the number of the signal that ended it; unset while it runs.
    std::optional<int> returncode() const noexcept;

    struct [[nodiscard]] Wait : detail::ListedWaiter {
        explicit Wait(detail::Child& awaited) noexcept : ListedWaiter(&end_wait), child(&awaited) {}
        bool await_ready() noexcept;
        void await_suspend(detail::TaskCoroutine coroutine) noexcept;
        int await_resume() const;
        static void end_wait(detail::Waiter& waiter) noexcept;
        detail::Child* child;
        int returncode = 0;
    };

    /// Waits for its end and returns its returncode. A child that fills a pipe nobody reads does not end: communicate().
    Wait wait() noexcept { return Wait(*child_); }

    /// Sends `input`, closes stdin, reads the pipes of stdout and stderr to their ends and waits for the child's. A child
    /// that does not read all of its input is no error. Raises LimitOverrunError past `limit` bytes of either. `input`
    /// must outlive the wait.
    Task<ProcessOutput> communicate(Bytes input = {}, std::size_t limit = std::size_t{64} << 20);

    /// Nothing where it has ended. Raises OSError.
    void send_signal(int sig);
    void terminate();
    void kill();

    // Of what was PIPE; the others are closed.
    Stream stdin;
    Stream stdout;
    Stream stderr;

private:
    friend Process create_subprocess_exec(const std::vector<std::string>& argv, const SubprocessOptions& options);
    Process(detail::Child& child, Stream in, Stream out, Stream err) noexcept;

    detail::Child* child_;
};

/// Begins a program, found by PATH where it has no slash, with its arguments: no shell is asked. A plain call: it returns
/// when the child runs it. The child has no descriptor of ours but the three, and blocks no signal that only the loop
/// blocks. Raises FileNotFoundError, PermissionError …, ValueError for an empty list or a NUL.
Process create_subprocess_exec(const std::vector<std::string>& argv, const SubprocessOptions& options = {});

/// `/bin/sh -c command`. Nothing that others chose belongs into a command.
Process create_subprocess_shell(const std::string& command, const SubprocessOptions& options = {});

}  // namespace bight::asyncio
