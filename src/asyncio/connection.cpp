// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/connection.h>

#include <bight/error.h>

#include "asyncio/changes.h"
#include "asyncio/channel_transport.h"
#include "asyncio/loop_state.h"
#include "asyncio/port_transport.h"
#include "asyncio/process_transport.h"
#include "sys/file_calls.h"

#include <utility>

namespace bight::asyncio::detail {
namespace {

/// Wakes a list when a task ends, which may be before it has begun.
struct LifeWatch : TaskWaiter {
    LifeWatch(TaskState& life, WaitList& changes) noexcept : TaskWaiter(life), list(&changes) {
        told = [](TaskWaiter& waiter, const TaskState&) noexcept { static_cast<LifeWatch&>(waiter).list->wake_all(); };
        watch_for_end(*this);
    }
    ~LifeWatch() { forget_end(*this); }
    bool has_ended() const noexcept { return task == nullptr; }

    WaitList* list;
};

/// Has the loop live through `coroutine`, and waits until connection_made() was called. Cancelled, it closes.
template <class Of>
Task<std::shared_ptr<Of>> begin(std::shared_ptr<Of> transport, Task<> coroutine) {
    auto life = Loop::running().facade->create_task(std::move(coroutine));
    LifeWatch watch(*state_of(life), transport->changes());
    try {
        while (!transport->was_made() && !watch.has_ended()) co_await wait_for_change(&transport->changes());
    } catch (const Cancelled&) {
        transport->close();
        throw;
    }
    if (!transport->was_made()) raise_cancelled();  // the loop has ended it
    co_return transport;
}

std::shared_ptr<ChannelTransport> transport_of(engine::ChannelOwner channel, std::shared_ptr<StreamProtocol> protocol,
                                               ChannelTransport::Kind kind) {
    return std::make_shared<ChannelTransport>(std::move(channel), std::move(protocol), kind);
}

}  // namespace

Task<> converse(Stream client, std::shared_ptr<StreamProtocol> protocol) {
    return ChannelTransport::converse(
        transport_of(client.release(), std::move(protocol), ChannelTransport::Kind::both_ways));
}

Task<std::shared_ptr<Transport>> begin_connection(Stream stream, std::shared_ptr<StreamProtocol> protocol) {
    auto transport = transport_of(stream.release(), std::move(protocol), ChannelTransport::Kind::both_ways);
    co_return co_await begin(transport, ChannelTransport::converse(transport));
}

Task<std::shared_ptr<Transport>> begin_pipe(FileDescriptor pipe, std::shared_ptr<StreamProtocol> protocol, bool reads) {
    auto& loop = Loop::running();
    auto file = sys::file_kind(pipe.fileno());
    if (!file) raise_os_error(file.error(), reads ? "connect_read_pipe" : "connect_write_pipe");
    if (*file == sys::FileKind::regular || *file == sys::FileKind::other)
        throw ValueError("Pipe transport is for pipes/sockets only.");
    bool tells_of_reader = *file != sys::FileKind::character_device;
    auto channel = loop.pipes.adopt(*loop.engine, std::move(pipe));
    if (!channel) raise_os_error(channel.error(), reads ? "connect_read_pipe" : "connect_write_pipe");
    auto kind = reads             ? ChannelTransport::Kind::only_read
                : tells_of_reader ? ChannelTransport::Kind::only_written
                                  : ChannelTransport::Kind::only_written_untold;
    auto transport = transport_of(std::move(*channel), std::move(protocol), kind);
    co_return co_await begin(transport, ChannelTransport::converse(transport));
}

Task<std::shared_ptr<DatagramTransport>> begin_port(Datagram port, bool is_connected,
                                                    std::shared_ptr<DatagramProtocol> protocol) {
    auto transport = std::make_shared<PortTransport>(port.release(), is_connected, std::move(protocol));
    co_return co_await begin(transport, PortTransport::converse(transport));
}

Task<std::shared_ptr<SubprocessTransport>> begin_process(Process process,
                                                         std::shared_ptr<SubprocessProtocol> protocol) {
    auto transport = std::make_shared<ProcessTransport>(std::move(process), std::move(protocol));
    co_return co_await begin(transport, ProcessTransport::live(transport));
}

}  // namespace bight::asyncio::detail
