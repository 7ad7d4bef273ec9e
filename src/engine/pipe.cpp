// SPDX-License-Identifier: BSL-1.0
#include "engine/pipe.h"

#include <bight/socket.h>

#include "engine/verbs.h"
#include "sys/calls.h"
#include "sys/spawn.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace bight::engine {
namespace {

constexpr std::size_t block_size = std::size_t{64} << 10;  // what a pipe holds
constexpr std::size_t worth_a_block = 4096;

}  // namespace

// ---- Beginning and ending. ---------------------------------------------------------------------------------------------

Pipes::~Pipes() = default;

Result<ChannelOwner> Pipes::adopt(Engine& engine, FileDescriptor fd) {
    if (auto set = sys::set_nonblocking(fd.fileno(), true); !set) return std::unexpected(set.error());
    auto watch = engine.watch(fd.fileno());
    if (!watch) return std::unexpected(watch.error());
    all_.push_front(std::make_unique<Pipe>(*this, std::move(fd), std::move(*watch)));
    all_.front()->place_ = all_.begin();
    return ChannelOwner(all_.front().get());
}

Pipe::Wake::Wake(Pipe& of, Verb what) noexcept : Operation(*of.watch_, what), pipe(&of) {
    run = [](Runnable& runnable) noexcept {
        auto& wake = static_cast<Wake&>(runnable);
        if (wake.proceed()) wake.pipe->woken(wake);
    };
}

Pipe::Pipe(Pipes& all, FileDescriptor fd, ChannelOwner watch) noexcept
    : KernelChannel(fd.fileno()),
      all_(all),
      owned_(std::move(fd)),
      watch_(std::move(watch)),
      readable_(*this, Verb::readable),
      writable_(*this, Verb::writable) {}

bool Pipe::attempt(Operation& operation) noexcept {
    if (!reads(operation)) return !writing_ && perform(operation);
    if (reading_) {
        operation.finish(-EBUSY);
        return true;
    }
    return operation.verb != Verb::readable && (receive_unread(operation) || perform(operation));
}

void Pipe::start(Operation& operation) noexcept {
    operation.state = Operation::State::waiting;
    if (!watch_) return end(operation, EPIPE);
    if (reads(operation)) {
        if (reading_) return end(operation, EBUSY);
        reading_ = &operation;
        if (has_unread_for(operation))
            enqueue(operation);
        else
            wait(readable_);
    } else if (writing_) {
        behind_writing_.push(operation);
    } else {
        writing_ = &operation;
        wait(writable_);
    }
}

void Pipe::enqueue(Operation& operation) noexcept {
    if (operation.queued) return;
    operation.queued = true;
    all_.ready_.push(operation);
}

/// The turn of a read that had something unread to take.
bool Pipe::proceed(Operation& operation) noexcept {
    operation.queued = false;
    if (!receive_unread(operation) && !perform(operation)) {
        operation.cancelled ? end(operation, ECANCELED) : wait(readable_);
        return false;
    }
    reading_ = nullptr;
    return true;
}

void Pipe::cancel(Operation& operation) noexcept {
    if (!operation.is_waiting() || operation.cancelled) return;
    operation.cancelled = true;
    if (!operation.queued) end(operation, ECANCELED);
}

void Pipe::end(Operation& operation, int errnum) noexcept {
    if (reading_ == &operation) {
        reading_ = nullptr;
    } else if (writing_ == &operation) {
        writing_ = behind_writing_.pop();
        if (writing_ && watch_) wait(writable_);
    } else {
        (void)behind_writing_.remove(operation);
    }
    operation.finish(-errnum);
    enqueue(operation);
}

Result<void> Pipe::shutdown(int how) noexcept {
    if (how == SHUT_RD) return std::unexpected(Errno(ENOTSOCK));
    while (writing_) {
        Operation* waiting = std::exchange(writing_, behind_writing_.pop());
        end(*waiting, EPIPE);
    }
    close();
    return {};
}

/// The registration goes before the number does.
void Pipe::close() noexcept {
    watch_.reset();
    owned_ = FileDescriptor();
    fd_ = -1;
}

void Pipe::drop() noexcept {
    dropped_ = true;
    if (reading_) end(*reading_, ECANCELED);
    while (writing_) {
        Operation* waiting = std::exchange(writing_, behind_writing_.pop());
        end(*waiting, ECANCELED);
    }
    close();
    go_if_unknown();
}

void Pipe::go_if_unknown() noexcept {
    if (dropped_ && !readable_.in_flight && !writable_.in_flight) all_.all_.erase(place_);
}

// ---- Waiting until it is ready. ----------------------------------------------------------------------------------------

void Pipe::wait(Wake& wake) noexcept {
    if (std::exchange(wake.in_flight, true)) return;
    wake.state = Operation::State::idle;
    wake.cancelled = wake.queued = false;
    watch_->start(wake);
}

void Pipe::woken(Wake& wake) noexcept {
    wake.in_flight = false;
    if (dropped_) return go_if_unknown();
    bool writes = &wake == &writable_;
    Operation* operation = writes ? writing_ : reading_;
    if (!operation || operation->queued) return;
    if (wake.result < 0) {
        end(*operation, static_cast<int>(-wake.result));
    } else if (!perform(*operation)) {
        wait(wake);
    } else {
        if (writes) {
            writing_ = behind_writing_.pop();
            if (writing_) wait(wake);
        } else {
            reading_ = nullptr;
        }
        operation->run(*operation);
    }
}

// ---- Trying. -----------------------------------------------------------------------------------------------------------

bool Pipe::perform(Operation& operation) noexcept {
    switch (operation.verb) {
        case Verb::receive:
        case Verb::receive_more:
        case Verb::receive_into: return receive(operation);
        case Verb::send: return send(operation);
        case Verb::readable: operation.finish(0); return true;
        default: operation.finish(-EOPNOTSUPP); return true;
    }
}

bool Pipe::receive(Operation& operation) noexcept {
    bool into = operation.verb == Verb::receive_into;
    Result<std::size_t> count;
    try {
        Buffer block = into ? Buffer() : Buffer::with_capacity(std::min(operation.size, block_size));
        MutableBytes room = into ? MutableBytes(operation.memory, operation.size)
                                 : block.room().first(std::min(operation.size, block_size));
        count = sys::read(fd_, room);
        if (!count && (count.error().number() == EAGAIN || count.error().number() == EINTR)) return false;
        if (count && !into) {
            block.resize(*count);
            received_ = *count < worth_a_block && block.capacity() > worth_a_block ? block.copy() : std::move(block);
        }
    } catch (const std::bad_alloc&) {
        count = std::unexpected(Errno(ENOMEM));
    }
    if (count) eof_ = *count == 0;
    operation.finish(count ? static_cast<std::int64_t>(*count) : -count.error().number());
    return true;
}

bool Pipe::send(Operation& operation) noexcept {
    for (int calls = 0; operation.transferred < operation.size; ++calls) {
        if (calls == most_sends_in_a_row) return false;  // it is told at once if there is room
        auto count = sys::write_pipe(fd_, Bytes(operation.data, operation.size).slice(operation.transferred));
        if (count) {
            operation.transferred += *count;
            continue;
        }
        int errnum = count.error().number();
        if (errnum == EAGAIN || errnum == EINTR) return false;
        operation.finish(-(errnum == EBADF ? EPIPE : errnum));
        return true;
    }
    operation.finish(static_cast<std::int64_t>(operation.size));
    return true;
}

Buffer Pipe::take(const Operation& operation) {
    return gives_unread(operation) ? take_unread(operation.size) : std::exchange(received_, Buffer());
}

}  // namespace bight::engine
