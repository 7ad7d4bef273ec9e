// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/asyncio/protocol.h>
#include <bight/asyncio/subprocess.h>
#include <bight/asyncio/task.h>
#include <bight/asyncio/transport.h>
#include <bight/asyncio/wait_list.h>

#include "asyncio/channel_transport.h"

#include <array>
#include <csignal>
#include <exception>
#include <memory>
#include <optional>

namespace bight::asyncio::detail {

/// The transport of a child: live() is its life, and that of its pipes.
class ProcessTransport final : public SubprocessTransport, public std::enable_shared_from_this<ProcessTransport> {
public:
    ProcessTransport(Process process, std::shared_ptr<SubprocessProtocol> protocol);

    /// From connection_made() to connection_lost(). Cancelled, it kills the child.
    static Task<> live(std::shared_ptr<ProcessTransport> transport);
    bool was_made() const noexcept { return was_made_; }
    WaitList& changes() noexcept { return waiting_; }

    void close() override;
    bool is_closing() const noexcept override { return is_closing_; }
    void set_protocol(std::shared_ptr<BaseProtocol> protocol) override;
    std::shared_ptr<BaseProtocol> get_protocol() const noexcept override { return protocol_; }

    int get_pid() const noexcept override { return pid_; }
    std::optional<int> get_returncode() const noexcept override {
        return process_ ? process_->returncode() : returncode_;
    }
    std::shared_ptr<Transport> get_pipe_transport(int fd) const noexcept override;
    void send_signal(int sig) override;
    void terminate() override { send_signal(SIGTERM); }
    void kill() override { send_signal(SIGKILL); }

private:
    struct Pipe;

    void open_pipe(int fd, Stream stream, ChannelTransport::Kind kind);
    void close_pipes();
    void call_made() noexcept;
    void call_exited() noexcept;
    void call_lost() noexcept;

    std::optional<Process> process_;  // until connection_lost()
    const int pid_;
    std::optional<int> returncode_;  // of then
    std::shared_ptr<SubprocessProtocol> protocol_;
    std::array<std::shared_ptr<ChannelTransport>, 3> pipes_;
    WaitList waiting_;
    bool was_made_ = false;
    bool is_closing_ = false;
};

}  // namespace bight::asyncio::detail
