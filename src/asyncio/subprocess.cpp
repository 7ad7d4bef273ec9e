// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/gather.h>
#include <bight/asyncio/subprocess.h>

#include "asyncio/children.h"
#include "asyncio/loop_state.h"
#include "sys/processes.h"
#include "sys/spawn.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace bight::asyncio {
namespace detail {

// ---- Collecting. -------------------------------------------------------------------------------------------------------

constexpr int unknown_end = 255;  // somebody else has collected it, as CPython says it

Children::~Children() { close(); }

Child& Children::add(int pid) {
    CallState* call = nullptr;
    int errnum = ENOMEM;
    try {
        all_.push_front(std::make_unique<Child>());
        Child& child = *all_.front();
        child.place = all_.begin();
        child.all = this;
        child.pid = pid;
        auto ends = [this, &child] { ended(child); };
        call = new CallOf<CallState, decltype(ends)>(ends);
        auto pidfd = sys::pidfd_open(pid);
        if (pidfd) {
            child.pidfd = FileDescriptor(*pidfd);
            auto watched = loop_.watches.set_callback(*pidfd, Side::reading, *call);
            if (watched) return child;
            pidfd = std::unexpected(watched.error());
        }
        errnum = pidfd.error().number();
    } catch (const std::bad_alloc&) {}
    release(call);
    if (!all_.empty() && all_.front()->pid == pid) all_.pop_front();
    (void)sys::kill(pid, -1);
    (void)sys::collect_status(pid, true);
    raise_os_error(errnum, "watch a child");
}

void Children::ended(Child& child) noexcept {
    auto status = sys::collect_status(child.pid, false);
    if (status && !status->has_ended) return;
    child.returncode = status ? status->code : unknown_end;
    (void)loop_.watches.remove_callback(child.pidfd.fileno(), Side::reading);
    child.pidfd = FileDescriptor();
    while (auto* waiting = child.waiting.pop()) {
        static_cast<Process::Wait*>(waiting)->returncode = *child.returncode;
        waiting->wake();
    }
    if (!child.has_process) all_.erase(child.place);
}

void Children::abandon(Child& child) noexcept {
    child.has_process = false;
    if (child.returncode)
        all_.erase(child.place);
    else
        (void)sys::send_signal(child.pidfd.fileno(), SIGKILL);
}

void Children::close() noexcept {
    for (auto& child : all_) {
        if (child->returncode) continue;
        (void)loop_.watches.remove_callback(child->pidfd.fileno(), Side::reading);
        (void)sys::send_signal(child->pidfd.fileno(), SIGKILL);
        (void)sys::collect_status(child->pid, true);
        child->pidfd = FileDescriptor();
        child->returncode = -SIGKILL;
    }
}

}  // namespace detail

// ---- Process. ----------------------------------------------------------------------------------------------------------

Process::Process(detail::Child& child, Stream in, Stream out, Stream err) noexcept
    : stdin(std::move(in)), stdout(std::move(out)), stderr(std::move(err)), child_(&child) {}

Process::Process(Process&& other) noexcept
    : stdin(std::move(other.stdin)),
      stdout(std::move(other.stdout)),
      stderr(std::move(other.stderr)),
      child_(std::exchange(other.child_, nullptr)) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(stdin, other.stdin);
    std::swap(stdout, other.stdout);
    std::swap(stderr, other.stderr);
    std::swap(child_, other.child_);
    return *this;
}

Process::~Process() {
    if (child_) child_->all->abandon(*child_);
}

int Process::pid() const noexcept { return child_->pid; }
std::optional<int> Process::returncode() const noexcept { return child_->returncode; }

bool Process::Wait::await_ready() noexcept {
    if (begin()) return true;
    if (!child->returncode) return false;
    returncode = *child->returncode;
    return take_turn();
}

void Process::Wait::await_suspend(detail::TaskCoroutine coroutine) noexcept { enlist(coroutine, child->waiting); }

int Process::Wait::await_resume() const {
    raise_if_cancelled();
    return returncode;
}

void Process::Wait::end_wait(detail::Waiter& waiter) noexcept {
    auto& wait = static_cast<Wait&>(waiter);
    if (wait.state == State::listed)  // otherwise the child may have gone
        (void)wait.end(wait.child->waiting);
}

void Process::send_signal(int sig) {
    if (child_->returncode) return;
    auto sent = sys::send_signal(child_->pidfd.fileno(), sig);
    if (!sent && sent.error().number() != ESRCH) raise_os_error(sent.error(), "send a signal to a child");
}

void Process::terminate() { send_signal(SIGTERM); }
void Process::kill() { send_signal(SIGKILL); }

namespace {

Task<> feed(Stream* stream, Bytes input) {
    if (stream->is_closing()) co_return;
    try {
        co_await stream->write(input);
    } catch (const ConnectionError&) {}  // it had read enough
    co_await stream->close();
}

Task<Buffer> read_to_end(Stream* stream, std::size_t limit) {
    if (stream->is_closing()) co_return Buffer();
    co_return co_await stream->read_all(limit);
}

}  // namespace

Task<ProcessOutput> Process::communicate(Bytes input, std::size_t limit) {
    auto all = co_await gather(feed(&stdin, input), read_to_end(&stdout, limit), read_to_end(&stderr, limit));
    co_await wait();
    ProcessOutput output;
    output.stdout = std::move(all.get<1>());
    output.stderr = std::move(all.get<2>());
    co_return output;
}

// ---- Beginning one. ----------------------------------------------------------------------------------------------------

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (auto& text : texts) {
        if (text.find('\0') != std::string::npos) throw ValueError("embedded null byte");
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// One of the three: what the child gets, and what stays here.
struct Prepared {
    FileDescriptor given;  // ours to close once the child has it
    FileDescriptor ours;
    int number = -1;
};

Prepared prepare(Stdio wanted, bool is_input) {
    Prepared prepared;
    if (wanted == subprocess::inherit) return prepared;
    if (wanted == subprocess::PIPE) {
        auto pipe = sys::pipe();
        if (!pipe) raise_os_error(pipe.error(), "pipe");
        FileDescriptor read(pipe->first), write(pipe->second);
        prepared.given = std::move(is_input ? read : write);
        prepared.ours = std::move(is_input ? write : read);
    } else if (wanted == subprocess::DEVNULL) {
        auto null = sys::open_null();
        if (!null) raise_os_error(null.error(), "open /dev/null");
        prepared.given = FileDescriptor(*null);
    }
    int number = prepared.given.fileno() >= 0 ? prepared.given.fileno() : wanted.value;
    if (number < 0) throw ValueError("STDOUT is for stderr alone");
    if (number < 3) {  // it would be in the way of the others
        auto above = sys::duplicate_above_standard(number);
        if (!above) raise_os_error(above.error(), "a standard descriptor of a child");
        prepared.given = FileDescriptor(*above);
        number = *above;
    }
    prepared.number = number;
    return prepared;
}

Stream stream_of(detail::Loop& loop, FileDescriptor fd) {
    if (fd.fileno() < 0) return Stream(engine::ChannelOwner());
    auto channel = loop.pipes.adopt(*loop.engine, std::move(fd));
    if (!channel) raise_os_error(channel.error(), "a pipe to a child");
    return Stream(std::move(*channel));
}

}  // namespace

Process create_subprocess_exec(const std::vector<std::string>& argv, const SubprocessOptions& options) {
    if (argv.empty()) throw ValueError("a program is needed");
    auto& loop = detail::Loop::running();
    auto arguments = argv;
    auto environment = options.env ? *options.env : std::vector<std::string>();
    auto argument_pointers = pointers_to(arguments);
    auto environment_pointers = pointers_to(environment);
    bool joined = options.stderr == subprocess::STDOUT;
    Prepared in = prepare(options.stdin, true), out = prepare(options.stdout, false);
    Prepared err = prepare(joined ? subprocess::inherit : options.stderr, false);
    Stream input = stream_of(loop, std::move(in.ours)), output = stream_of(loop, std::move(out.ours));
    Stream error = stream_of(loop, std::move(err.ours));
    sys::Spawning what{.argv = argument_pointers.data(),
                       .environment = options.env ? environment_pointers.data() : nullptr,
                       .folder = options.cwd,
                       .descriptors = {in.number, out.number, err.number},
                       .error_is_output = joined,
                       .blocked = sys::blocked_signals() & ~loop.signals.blocked_by_us()};
    auto pid = sys::spawn(what);
    if (!pid) raise_os_error(pid.error(), "start " + argv.front());
    return Process(loop.children.add(*pid), std::move(input), std::move(output), std::move(error));
}

Process create_subprocess_shell(const std::string& command, const SubprocessOptions& options) {
    return create_subprocess_exec({"/bin/sh", "-c", command}, options);
}

}  // namespace bight::asyncio
