// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/datagram.h>

#include <bight/socket.h>

#include "asyncio/loop_state.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace bight::asyncio {
namespace detail {

void raise_datagram_error(const engine::Operation& operation, std::string_view call) {
    int errnum = static_cast<int>(-operation.result);
    if (errnum == ECANCELED) {
        if (operation.cancelled) raise_cancelled();
        throw ClosedError(call);
    }
    if (errnum == EBUSY) throw BusyError(std::string(call) + ": another task waits in it already");
    std::string context(call);
    bool sends = operation.verb == engine::Verb::send_to || operation.verb == engine::Verb::send_train;
    if (sends && operation.address) context += " " + operation.address->to_string();
    raise_os_error(errnum, context);
}

}  // namespace detail

detail::SendTrainWait Datagram::train_wait(Bytes data, std::size_t size, const Address* peer) {
    if (size == 0 && !data.empty()) throw ValueError("a train of datagrams without length");
    size = std::min(size, data.size());
    if (size > 0xffff) throw ValueError("datagrams of a train are not so long");
    return {channel("send_train"), data, static_cast<std::uint16_t>(size), peer};
}

Address Datagram::local() const {
    auto address = channel("local").local();
    if (!address) raise_os_error(address.error(), "getsockname");
    return *address;
}

Datagram open_datagrams(const DatagramOptions& options) {
    const Address* known = options.local_addr ? options.local_addr : options.remote_addr;
    if (!known) throw ValueError("unexpected address family: neither a local nor a remote address");
    auto channel = detail::Loop::running().engine->open_datagrams(
        known->family(), options.local_addr, options.remote_addr,
        {options.reuse_port, options.allow_broadcast, options.trains});
    if (!channel) raise_os_error(channel.error(), "open a port for datagrams at " + known->to_string());
    return Datagram(std::move(*channel));
}

Datagram open_datagrams(Socket socket) {
    FileDescriptor fd(socket.detach());
    auto channel = detail::Loop::running().engine->adopt(std::move(fd), engine::Role::datagram);
    if (!channel) raise_os_error(channel.error(), "open_datagrams");
    return Datagram(std::move(*channel));
}

}  // namespace bight::asyncio
