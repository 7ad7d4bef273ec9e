// SPDX-License-Identifier: BSL-1.0
/// What north_star.cpp uses and the library does not have yet: declarations alone, so that the file compiles from the
/// first day on. Whatever gains a public header leaves this one, which ends empty.
#pragma once

#include <bight/bight.h>

#include <coroutine>
#include <memory>

namespace bight {

// ---- asyncio -----------------------------------------------------------------------------------------------------------

template <class T = void>
class Task;

namespace to_come {

template <class T>
struct Returns {
    void return_value(T value);
};
template <>
struct Returns<void> {
    void return_void();
};

}  // namespace to_come

template <class T>
class Task {
public:
    struct promise_type : to_come::Returns<T> {
        Task get_return_object();
        std::suspend_always initial_suspend();
        std::suspend_always final_suspend() noexcept;
        void unhandled_exception();
    };
    bool await_ready();
    void await_suspend(std::coroutine_handle<> handle);
    T await_resume();
};

class Stream {
public:
    Stream(Stream&&) noexcept;
    Task<Buffer> read();
    Task<Buffer> readline();
    Task<> write(Bytes data);
    Task<> close();
};

namespace asyncio {
void run(Task<> task);
Task<> serve(const HostPort& where, Task<> (*handler)(Stream));
Task<Stream> open_connection(const HostPort& where);
template <class T>
Task<T> wait_for(Task<T> task, Timeout limit);

class TaskGroup {
public:
    template <class Function, class... Arguments>
    void spawn(Function function, Arguments... arguments);
    Task<> join();
};
}  // namespace asyncio

// ---- protocols and factories -------------------------------------------------------------------------------------------

namespace protocol {
class Transport {
public:
    void write(Bytes data);
};
class Protocol {
public:
    virtual ~Protocol();
    virtual void data_received(Bytes data);
    Transport& transport();
};
struct Factory {};
template <class P>
Factory factory_of();
}  // namespace protocol

class Reactor {
public:
    void run();
};

namespace endpoints {
class ServerEndpoint {
public:
    void listen(protocol::Factory factory);
};
ServerEndpoint server_from_string(Reactor& reactor, std::string_view description);
}  // namespace endpoints

// ---- ssl ---------------------------------------------------------------------------------------------------------------

namespace ssl {
class SSLSocket {
public:
    void sendall(Bytes data);
    Buffer recv(std::size_t size);
};
class SSLContext {
public:
    SSLSocket wrap_socket(Socket socket, std::string_view server_hostname);
};
SSLContext create_default_context();
}  // namespace ssl

}  // namespace bight
