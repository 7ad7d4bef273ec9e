// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/sockets.h"

#include <string>

#include <sys/types.h>
#include <time.h>

namespace bench {

enum class Transport { tcp, unix_stream, udp };

/// The program `echo_server` as one of its servers, on the core of this process; killed when this goes.
class EchoServer {
public:
    /// `name` and `service` as in servers/main.cpp: "discard" reads, and answers nothing; "trains" answers trains of
    /// datagrams by trains; "pump" echoes by pump(). By default it is an echo, or one of datagrams.
    EchoServer(const std::string& name, Transport transport, const std::string& service = "");
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;
    ~EchoServer();

    const Where& where() const noexcept { return where_; }
    clockid_t clock() const noexcept { return clock_; }
    pid_t pid() const noexcept { return pid_; }

private:
    Where where_;
    pid_t pid_;
    clockid_t clock_;
};

/// Whether there is what the servers "go" and "uvloop" need: a program built beside this one; a module of Python's.
bool has_go();
bool has_uvloop();

/// More connections than a thousand want more descriptors: as many as this process may have.
void raise_descriptor_limit();

}  // namespace bench
