// SPDX-License-Identifier: BSL-1.0
#include "asyncio/observer.h"

#include <bight/asyncio/loop.h>
#include <bight/asyncio/stream.h>
#include <bight/asyncio/tasks.h>
#include <bight/asyncio/timeouts.h>
#include <bight/error.h>
#include <bight/socket.h>

#include "asyncio/accept_wait.h"
#include "asyncio/loop_state.h"
#include "sys/calls.h"
#include "sys/processes.h"

#include <cerrno>
#include <chrono>
#include <exception>
#include <span>
#include <string>
#include <utility>

namespace bight::asyncio::detail {
namespace {

constexpr Duration longest_answer = std::chrono::seconds(5);  // for who asks and does not read
constexpr int backlog = 128;

// Strangers cost the loop no more than 640 refusals a second: behind so many it waits for so long.
constexpr unsigned most_strangers = 64;
constexpr Duration pause = std::chrono::milliseconds(100);

/// One that a stranger cannot ask: abstract names have no permissions of their own.
bool may_ask(engine::Channel& client) noexcept {
    ucred who{};
    auto asked = client.get_option(SOL_SOCKET, SO_PEERCRED, std::as_writable_bytes(std::span(&who, 1)));
    return asked && (who.uid == 0 || who.uid == sys::user());
}

/// The empty line at its end says that it is whole.
std::string describe_loop() {
    EventLoop& loop = get_running_loop();
    LoopMetrics metrics = loop.metrics();
    return std::string(loop.engine()) + ", " + std::to_string(metrics.tasks) + " tasks, " +
           std::to_string(metrics.channels) + " channels, " + std::to_string(metrics.accepted) + " accepted, " +
           std::to_string(metrics.turns) + " turns\n" + task_tree() + "\n";
}

/// One after the other: nobody has more than one of them to wait for.
Task<> answer_observers(engine::ChannelOwner given) {
    engine::ChannelOwner listener = std::move(given);  // goes with the end of the task, whoever keeps that
    for (unsigned strangers = 0;;) {
        AcceptWait accept(*listener);
        int errnum = co_await accept;
        if (errnum == ECANCELED) co_return;
        if (errnum != 0) {
            co_await sleep(pause);  // for want of descriptors it would try for ever
            continue;
        }
        engine::ChannelOwner client = listener->take_accepted().channel;
        bool is_trusted = may_ask(*client);
        std::string text = is_trusted ? describe_loop() : "no\n";
        Stream stream(std::move(client));
        try {
            co_await wait_for(stream.write(text), longest_answer);
        } catch (const OSError&) {}  // it has gone, or does not read
        if (!is_trusted && ++strangers % most_strangers == 0) co_await sleep(pause);
    }
}

Socket listen() {
    std::string prefix = "bight.ps." + std::to_string(sys::process()) + ".";
    for (int number = 0; number < LoopOptions::most_observable; ++number) {
        try {
            Socket listener(Family::unix_domain);
            listener.bind(Address::abstract_name(prefix + std::to_string(number)));
            listener.listen(backlog);
            return listener;
        } catch (const OSError& error) {
            if (error.errnum() != EADDRINUSE) throw;
        }
    }
    raise_os_error(EADDRINUSE, "bind to @" + prefix + "0 and all others");
}

}  // namespace

void observe(EventLoop& loop) noexcept {
    Loop& inside = Loop::of(loop);
    Entered entered(inside);
    try {
        Socket listener = listen();
        auto channel = inside.engine->adopt(FileDescriptor(listener.detach()), engine::Role::listener);
        if (!channel) raise_os_error(channel.error(), "adopt a listener");
        loop.create_task(answer_observers(std::move(*channel))).set_name("bight ps");
    } catch (const std::exception&) {
        if (inside.debug) inside.report(std::current_exception(), "bight ps");
    }
}

}  // namespace bight::asyncio::detail
