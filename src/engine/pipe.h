// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/kernel_engine.h"
#include "engine/operation_list.h"

#include <list>
#include <memory>

namespace bight::engine {

class Pipe;

/// The pipes of a loop: each goes when the engine has let go of it, the last ones with this.
class Pipes {
public:
    explicit Pipes(RunQueue& ready) noexcept : ready_(ready) {}
    ~Pipes();
    Pipes(const Pipes&) = delete;
    Pipes& operator=(const Pipes&) = delete;

    /// Takes charge of one end of a pipe, or of anything else that is read(2) and written: a terminal, a FIFO.
    Result<ChannelOwner> adopt(Engine& engine, FileDescriptor fd);

private:
    friend class Pipe;

    RunQueue& ready_;
    std::list<std::unique_ptr<Pipe>> all_;
};

/// A stream that is no socket: tried at once, and again when the engine says that it is ready. The same on every engine.
/// Verb::readable, at the end that is written to, waits until nobody reads any more.
class Pipe final : public KernelChannel {
public:
    Pipe(Pipes& all, FileDescriptor fd, ChannelOwner watch) noexcept;
    ~Pipe() = default;

    bool attempt(Operation& operation) noexcept override;
    void start(Operation& operation) noexcept override;
    bool proceed(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    Buffer take(const Operation& operation) override;
    bool at_end() const noexcept override { return eof_ && !has_unread(); }

    /// Of writing: closes it, which is how the reader learns of the end.
    Result<void> shutdown(int how) noexcept override;
    void drop() noexcept override;

private:
    friend class Pipes;

    /// Waits until it is ready, of one kind.
    struct Wake : Operation {
        Wake(Pipe& of, Verb what) noexcept;
        Pipe* pipe;
        bool in_flight = false;
    };

    bool perform(Operation& operation) noexcept;
    bool receive(Operation& operation) noexcept;
    bool send(Operation& operation) noexcept;
    void enqueue(Operation& operation) noexcept;
    void wait(Wake& wake) noexcept;
    void woken(Wake& wake) noexcept;
    void end(Operation& operation, int errnum) noexcept;
    void close() noexcept;
    void go_if_unknown() noexcept;

    Pipes& all_;
    std::list<std::unique_ptr<Pipe>>::iterator place_;
    FileDescriptor owned_;
    ChannelOwner watch_;
    Wake readable_;
    Wake writable_;
    Operation* reading_ = nullptr;
    Operation* writing_ = nullptr;
    OperationList behind_writing_;
    Buffer received_;
    bool eof_ = false;
    bool dropped_ = false;
};

}  // namespace bight::engine
