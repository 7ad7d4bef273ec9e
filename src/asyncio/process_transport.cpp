// SPDX-License-Identifier: BSL-1.0
#include "asyncio/process_transport.h"

#include <bight/asyncio/task_group.h>
#include <bight/asyncio/timeouts.h>
#include <bight/error.h>

#include "asyncio/changes.h"
#include "asyncio/loop_state.h"
#include "asyncio/protocol_access.h"

#include <utility>

namespace bight::asyncio::detail {

/// What a pipe of the child tells goes to the protocol of the child.
struct ProcessTransport::Pipe final : Protocol {
    Pipe(std::weak_ptr<ProcessTransport> of, int number) noexcept : process(std::move(of)), fd(number) {}

    void data_received(Bytes data) override {
        if (auto protocol = whose()) protocol->pipe_data_received(fd, data);
    }
    void connection_lost(std::exception_ptr error) override {
        if (auto protocol = whose()) protocol->pipe_connection_lost(fd, std::move(error));
    }
    void pause_writing() override {
        if (auto protocol = whose()) protocol->pause_writing();
    }
    void resume_writing() override {
        if (auto protocol = whose()) protocol->resume_writing();
    }

    std::shared_ptr<SubprocessProtocol> whose() const noexcept {
        auto of = process.lock();
        return of && of->was_made_ ? of->protocol_ : nullptr;
    }

    std::weak_ptr<ProcessTransport> process;
    int fd;
};

ProcessTransport::ProcessTransport(Process process, std::shared_ptr<SubprocessProtocol> protocol)
    : process_(std::move(process)), pid_(process_->pid()), protocol_(std::move(protocol)) {}

void ProcessTransport::open_pipe(int fd, Stream stream, ChannelTransport::Kind kind) {
    if (stream.is_closing()) return;
    auto protocol = std::make_shared<Pipe>(weak_from_this(), fd);
    auto& pipe = pipes_[static_cast<std::size_t>(fd)];
    pipe = std::make_shared<ChannelTransport>(stream.release(), std::move(protocol), kind);
    pipe->pause_reading();  // until connection_made()
}

Task<> ProcessTransport::live(std::shared_ptr<ProcessTransport> transport) {
    std::exception_ptr cancelled;
    bool is_broken = false;
    TaskGroup pipes;
    try {
        transport->open_pipe(0, std::move(transport->process_->stdin), ChannelTransport::Kind::only_written);
        transport->open_pipe(1, std::move(transport->process_->stdout), ChannelTransport::Kind::only_read);
        transport->open_pipe(2, std::move(transport->process_->stderr), ChannelTransport::Kind::only_read);
        for (auto& pipe : transport->pipes_)
            if (pipe) pipes.create_task(ChannelTransport::converse(pipe));
        for (auto& pipe : transport->pipes_)
            if (pipe) co_await pipe->wait_until_made();
        transport->call_made();
        co_await transport->process_->wait();
        transport->call_exited();
        co_await pipes.join();
    } catch (const Cancelled&) {
        cancelled = std::current_exception();
    } catch (...) {
        Loop::running().report(std::current_exception(), "a child's pipes");
        is_broken = true;
    }
    if (cancelled || is_broken) {
        transport->process_->kill();
        pipes.cancel();
        co_await shield(pipes.join());
    }
    transport->call_lost();
    if (cancelled) std::rethrow_exception(cancelled);
}

void ProcessTransport::call_made() noexcept {
    was_made_ = true;
    auto protocol = protocol_;
    ProtocolAccess::set_transport<SubprocessTransport>(*protocol, shared_from_this());
    if (is_closing_) close_pipes();
    for (auto& pipe : pipes_)
        if (pipe) pipe->resume_reading();
    try {
        protocol->connection_made(*this);
    } catch (...) {
        Loop::running().report(std::current_exception(), "connection_made");
        close();
    }
    waiting_.wake_all();
}

void ProcessTransport::call_exited() noexcept {
    auto protocol = protocol_;
    try {
        protocol->process_exited();
    } catch (...) {
        Loop::running().report(std::current_exception(), "process_exited");
    }
}

void ProcessTransport::call_lost() noexcept {
    is_closing_ = true;
    returncode_ = process_->returncode();
    if (!returncode_) returncode_ = -SIGKILL;
    process_.reset();  // which kills it, if it runs
    auto protocol = std::move(protocol_);
    if (!was_made_) return;
    call_connection_lost(*protocol, nullptr);
}

void ProcessTransport::close() {
    if (is_closing_) return;
    is_closing_ = true;
    close_pipes();
    kill();
}

void ProcessTransport::close_pipes() {
    for (auto& pipe : pipes_)
        if (pipe) pipe->close();
}

void ProcessTransport::send_signal(int sig) {
    if (process_) process_->send_signal(sig);
}

void ProcessTransport::set_protocol(std::shared_ptr<BaseProtocol> protocol) {
    auto other = std::dynamic_pointer_cast<SubprocessProtocol>(std::move(protocol));
    if (!other) throw ValueError("set_protocol: a SubprocessProtocol is needed");
    if (!protocol_) return;
    ProtocolAccess::set_transport<SubprocessTransport>(*protocol_, nullptr);
    protocol_ = std::move(other);
    ProtocolAccess::set_transport<SubprocessTransport>(*protocol_, shared_from_this());
}

std::shared_ptr<Transport> ProcessTransport::get_pipe_transport(int fd) const noexcept {
    return fd >= 0 && fd < 3 ? pipes_[static_cast<std::size_t>(fd)] : nullptr;
}

}  // namespace bight::asyncio::detail
