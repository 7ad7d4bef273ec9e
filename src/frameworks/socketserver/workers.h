// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/file_descriptor.h>
#include <bight/socketserver/prefork.h>

#include "frameworks/socketserver/account.h"
#include "frameworks/socketserver/control.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace bight::socketserver {

/// What a worker tells of itself, in memory that all processes share. It outlives the worker.
struct alignas(64) WorkerPlace {
    std::atomic<std::int64_t> busy_since = 0;  // 0: not busy
    std::atomic<std::uint64_t> host = 0;       // of its client, as a number; 0 where none counts
    std::atomic<bool> leaves = false;          // it ends of its own accord
};

struct WorkersShared {
    std::atomic<std::uint64_t> over_connections = 0, over_peer = 0, wakeups = 0;
    std::atomic<bool> draining = false;
};

/// The parent's part is in workers.cpp: it begins workers, collects and replaces them. The worker's is in worker.cpp.
struct RequestWorkers::State final : BaseServer::Control::Supervisor {
    State(BaseServer& serving, BaseServer::Control& its_control, const PreforkOptions& wanted, Started when_started);
    ~State() override;

    // ---- The parent's. -------------------------------------------------------------------------------------------------

    void serve(Timeout poll_interval) override;

    struct Worker {
        int pid = 0;  // 0: none
        FileDescriptor pidfd;
        sys::TimePoint begun{};
        std::uint64_t begun_requests = 0;  // of its place, when it began
        unsigned failures = 0;             // in a row, without a request
        sys::TimePoint next{};             // when another may be begun here
        bool expired = false;
    };

    void begin(std::size_t place);
    void begin_those_due();
    void collect();
    void ended(std::size_t place);
    void end_expired();
    void watch_for_the_full();  // refuse and shed
    void refuse_some();
    Timeout turn(Timeout poll_interval) const;
    void let_end(bool drain);
    std::size_t alive() const;
    std::size_t busy() const noexcept;
    void kill() noexcept;

    // ---- The worker's. -------------------------------------------------------------------------------------------------

    [[noreturn]] void work(std::size_t place, int parent) noexcept;
    void take_requests(Account& account);
    bool admit(Request& request, const Address& client_address);
    bool admit_client(const Address& client);
    void dismiss() noexcept;

    BaseServer& server;
    BaseServer::Control& control;
    const PreforkOptions options;
    const Started started;

    void* memory = nullptr;
    std::size_t memory_size = 0;
    WorkersShared* shared = nullptr;
    std::span<Account> accounts;
    std::span<WorkerPlace> places;

    mutable std::mutex mutex;  // of what follows, which is the parent's
    std::vector<Worker> workers;
    PreforkCounters counted;  // what the parent counts
    FileDescriptor events;    // an epoll(7) set: the pidfds, `full`, and the listener while it is looked at
    FileDescriptor full;      // an eventfd: written to when the last worker has become busy
    FileDescriptor end;       // an eventfd that nobody reads: workers end once it was written to
    bool ending = false;
    bool watching = false;

    WorkerPlace* own = nullptr;  // in a worker
};

}  // namespace bight::socketserver
