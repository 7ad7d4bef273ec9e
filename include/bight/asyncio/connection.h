// SPDX-License-Identifier: BSL-1.0
/// Connections, servers, ports, pipes and children for protocols: loop.create_connection() and its like. What is written
/// with coroutines takes open_connection(), start_server(), open_datagrams() and create_subprocess_exec() instead.
#pragma once

#include <bight/address.h>
#include <bight/asyncio/datagram.h>
#include <bight/asyncio/protocol.h>
#include <bight/asyncio/server.h>
#include <bight/asyncio/stream.h>
#include <bight/asyncio/subprocess.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/transport.h>
#include <bight/file_descriptor.h>

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace bight::asyncio {

/// A protocol, and what it writes to. Letting go of both changes nothing: the loop keeps them until connection_lost().
template <class Made, class Through = Transport>
struct Connection {
    Connection(std::shared_ptr<Through> t, std::shared_ptr<Made> p) noexcept
        : transport(std::move(t)), protocol(std::move(p)) {}

    std::shared_ptr<Through> transport;
    std::shared_ptr<Made> protocol;
};

namespace detail {

Task<std::shared_ptr<Transport>> begin_connection(Stream stream, std::shared_ptr<StreamProtocol> protocol);
Task<std::shared_ptr<Transport>> begin_pipe(FileDescriptor pipe, std::shared_ptr<StreamProtocol> protocol, bool reads);
Task<std::shared_ptr<DatagramTransport>> begin_port(Datagram port, bool is_connected,
                                                    std::shared_ptr<DatagramProtocol> protocol);
Task<std::shared_ptr<SubprocessTransport>> begin_process(Process process, std::shared_ptr<SubprocessProtocol> protocol);

/// The life of one connection of a server.
Task<> converse(Stream client, std::shared_ptr<StreamProtocol> protocol);

template <class Factory>
using made_by_t = typename std::pointer_traits<std::invoke_result_t<Factory&>>::element_type;

template <class Factory>
std::shared_ptr<made_by_t<Factory>> make(Factory& factory) {
    std::shared_ptr<made_by_t<Factory>> protocol = factory();
    if (!protocol) throw ValueError("the factory has made no protocol");
    return protocol;
}

template <class Factory, class Through = Transport>
using ConnectionOf = Connection<made_by_t<Factory>, Through>;

// The coroutines. In front of each stands a plain function, which sees whether g++ 12 would destroy the factory twice.

template <class Factory>
Task<ConnectionOf<Factory>> create_connection(Factory factory, HostPort where, ConnectOptions options) {
    Stream stream = co_await open_connection(std::move(where), options);
    auto protocol = make(factory);
    auto transport = co_await begin_connection(std::move(stream), protocol);
    co_return ConnectionOf<Factory>(std::move(transport), std::move(protocol));
}

template <class Factory>
Task<ConnectionOf<Factory>> connect_stream(Factory factory, Stream stream) {
    auto protocol = make(factory);
    auto transport = co_await begin_connection(std::move(stream), protocol);
    co_return ConnectionOf<Factory>(std::move(transport), std::move(protocol));
}

template <class Factory>
Task<ConnectionOf<Factory, DatagramTransport>> connect_port(Factory factory, Datagram port, bool is_connected) {
    auto protocol = make(factory);
    auto transport = co_await begin_port(std::move(port), is_connected, protocol);
    co_return ConnectionOf<Factory, DatagramTransport>(std::move(transport), std::move(protocol));
}

template <class Through, class Factory>
Task<ConnectionOf<Factory, Through>> connect_pipe(Factory factory, FileDescriptor pipe, bool reads) {
    auto protocol = make(factory);
    std::shared_ptr<Through> transport = co_await begin_pipe(std::move(pipe), protocol, reads);
    co_return ConnectionOf<Factory, Through>(std::move(transport), std::move(protocol));
}

template <class Factory>
Task<ConnectionOf<Factory, SubprocessTransport>> connect_process(Factory factory, Process process) {
    auto protocol = make(factory);
    auto transport = co_await begin_process(std::move(process), protocol);
    co_return ConnectionOf<Factory, SubprocessTransport>(std::move(transport), std::move(protocol));
}

}  // namespace detail

/// Something to call for a new protocol each time: it returns a shared_ptr or a unique_ptr. One that is awaited with what
/// it makes is named first, with g++ 12, if it holds what must be destroyed.
template <class Factory, class Of>
concept FactoryOf = std::derived_from<detail::made_by_t<std::decay_t<Factory>>, Of>;

/// `create_server(factory_of<Echo>, where)`: the factory that just makes one.
template <class Made>
inline constexpr auto factory_of = [] { return std::make_shared<Made>(); };

/// Connects as open_connection() does, and returns when connection_made() was called. The connection is the loop's, which
/// aborts it at its own end.
template <FactoryOf<StreamProtocol> Factory>
auto create_connection(Factory&& factory, HostPort where, ConnectOptions options = {}) {
    static_assert(detail::SafeCallable<Factory>,
                  "name the factory first, and pass it by std::move or by name (g++ 12)");
    return detail::create_connection<std::decay_t<Factory>>(std::forward<Factory>(factory), std::move(where), options);
}

template <FactoryOf<StreamProtocol> Factory>
auto create_unix_connection(Factory&& factory, const std::string& path, ConnectOptions options = {}) {
    return create_connection(std::forward<Factory>(factory), HostPort(Address::unix_path(path)), options);
}

/// Of a socket that is connected already.
template <FactoryOf<StreamProtocol> Factory, std::same_as<Socket> Connected>
auto connect_accepted_socket(Factory&& factory, Connected socket) {
    static_assert(detail::SafeCallable<Factory>,
                  "name the factory first, and pass it by std::move or by name (g++ 12)");
    return detail::connect_stream<std::decay_t<Factory>>(std::forward<Factory>(factory),
                                                         open_stream(std::move(socket)));
}

/// A server as start_server() makes one, whose connections each have a protocol of the factory's. stop() cancels those
/// that are left at its deadline, which aborts them.
template <FactoryOf<StreamProtocol> Factory>
Server create_server(Factory factory, const HostPort& where, const ServeOptions& options = {}) {
    auto begin = [factory = std::move(factory)](Stream client) mutable {
        return detail::converse(std::move(client), detail::make(factory));
    };
    return start_server(where, std::move(begin), options);
}

/// create_server() at a path.
template <FactoryOf<StreamProtocol> Factory>
Server create_unix_server(Factory factory, const std::string& path, const ServeOptions& options = {}) {
    return create_server(std::move(factory), HostPort(Address::unix_path(path)), options);
}

/// A port as open_datagrams() makes one; returns when connection_made() was called.
template <FactoryOf<DatagramProtocol> Factory>
auto create_datagram_endpoint(Factory&& factory, const DatagramOptions& options) {
    static_assert(detail::SafeCallable<Factory>,
                  "name the factory first, and pass it by std::move or by name (g++ 12)");
    return detail::connect_port<std::decay_t<Factory>>(std::forward<Factory>(factory), open_datagrams(options),
                                                       options.remote_addr != nullptr);
}

/// The end of a pipe, of a terminal or of a socket that is read from; ValueError for any other file. It is closed at the
/// end of its input.
template <FactoryOf<StreamProtocol> Factory>
auto connect_read_pipe(Factory&& factory, FileDescriptor pipe) {
    static_assert(detail::SafeCallable<Factory>,
                  "name the factory first, and pass it by std::move or by name (g++ 12)");
    return detail::connect_pipe<ReadTransport, std::decay_t<Factory>>(std::forward<Factory>(factory), std::move(pipe),
                                                                      true);
}

/// The end that is written to. Of a pipe and a socket connection_lost() is called when nobody reads any more, with
/// BrokenPipeError where something was waiting to be sent.
template <FactoryOf<StreamProtocol> Factory>
auto connect_write_pipe(Factory&& factory, FileDescriptor pipe) {
    static_assert(detail::SafeCallable<Factory>,
                  "name the factory first, and pass it by std::move or by name (g++ 12)");
    return detail::connect_pipe<WriteTransport, std::decay_t<Factory>>(std::forward<Factory>(factory), std::move(pipe),
                                                                       false);
}

/// Begins a program as create_subprocess_exec() does, by default with a pipe for each of its three descriptors.
template <FactoryOf<SubprocessProtocol> Factory>
auto subprocess_exec(Factory&& factory, const std::vector<std::string>& argv,
                     const SubprocessOptions& options = {subprocess::PIPE, subprocess::PIPE, subprocess::PIPE}) {
    static_assert(detail::SafeCallable<Factory>,
                  "name the factory first, and pass it by std::move or by name (g++ 12)");
    return detail::connect_process<std::decay_t<Factory>>(std::forward<Factory>(factory),
                                                          create_subprocess_exec(argv, options));
}

template <FactoryOf<SubprocessProtocol> Factory>
auto subprocess_shell(Factory&& factory, const std::string& command,
                      const SubprocessOptions& options = {subprocess::PIPE, subprocess::PIPE, subprocess::PIPE}) {
    static_assert(detail::SafeCallable<Factory>,
                  "name the factory first, and pass it by std::move or by name (g++ 12)");
    return detail::connect_process<std::decay_t<Factory>>(std::forward<Factory>(factory),
                                                          create_subprocess_shell(command, options));
}

}  // namespace bight::asyncio
