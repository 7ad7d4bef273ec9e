// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/sockets.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bench {

/// Whose CPU time a server's is.
enum class Cost {
    process,   // its own, that of all its threads
    workers,   // and that of the children that it has now
    children,  // and that of the children that it has had, as it says itself in its Account
};

/// A page on which a server that forks says what it and the children that it has collected have taken.
class Account {
public:
    Account();
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;
    ~Account();

    /// getrusage(2) of the calling process and its children.
    void write() const;
    double read_ns() const;

    /// A file of one double, in nanoseconds.
    int fileno() const noexcept { return fd_; }

private:
    int fd_;
};

/// A server as a process of its own, on the core of this one; killed when this goes.
class ServerChild {
public:
    /// `where` it can be reached; `serve` runs in the child, and does not return.
    ServerChild(const Where& where, Cost cost, std::shared_ptr<Account> account, const std::function<void()>& serve);
    ServerChild(const Where& where, const std::function<void()>& serve)
        : ServerChild(where, Cost::process, {}, serve) {}
    ServerChild(const ServerChild&) = delete;
    ServerChild& operator=(const ServerChild&) = delete;
    ~ServerChild();

    const Where& where() const noexcept { return where_; }

    double cpu_ns() const;
    double resident_bytes() const;

private:
    std::vector<pid_t> workers() const;

    Where where_;
    Cost cost_;
    std::shared_ptr<Account> account_;
    pid_t pid_;
};

}  // namespace bench
