// SPDX-License-Identifier: BSL-1.0
#include "engine/epoll/channel.h"

#include <bight/socket.h>

#include "engine/passing_fds.h"
#include "engine/verbs.h"
#include "sys/calls.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace bight::engine {
namespace {

// A stream is read into a block of this size, the one that was given back last: it is still in the cache. What is short
// moves into memory of its own size, so that nobody keeps a block for a few bytes.
constexpr std::size_t block_size = std::size_t{64} << 10;
constexpr std::size_t worth_a_block = 4096;

}  // namespace

// ---- Starting and ending. ----------------------------------------------------------------------------------------------

/// Two that read at once are one too many; writers wait for each other.
bool EpollChannel::is_taken(const Operation& operation) const noexcept {
    return reads(operation) ? reading_ != nullptr : use_ == Use::borrowed && writing_;
}

/// Whether trying to read is of any use.
bool EpollChannel::may_read(const Operation& operation) const noexcept {
    return port_ ? port_->may_receive() : readable_ || has_unread_for(operation);
}

bool EpollChannel::attempt(Operation& operation) noexcept {
    if (is_taken(operation)) return false;
    if (reads(operation)) return may_read(operation) && perform(operation);
    return !writing_ && writable_ && perform(operation);
}

void EpollChannel::start(Operation& operation) noexcept {
    operation.state = Operation::State::waiting;
    if (is_taken(operation)) return end(operation, EBUSY);
    if (reads(operation)) {
        reading_ = &operation;
        if (may_read(operation)) enqueue(reading_);
    } else if (writing_) {
        behind_writing_.push(operation);
    } else {
        writing_ = &operation;
        if (writable_) enqueue(writing_);
    }
    if (use_ == Use::borrowed) arm_borrowed();
}

// What is borrowed is registered for one event at a time, so that nothing is reported that nobody waits for.
void EpollChannel::arm_borrowed() noexcept {
    std::uint32_t events = EPOLLONESHOT;
    if (reading_) events |= EPOLLIN | EPOLLRDHUP | EPOLLPRI;
    if (writing_) events |= EPOLLOUT;
    auto armed = engine_.control(EPOLL_CTL_MOD, fd_, events, number());
    if (armed) return;
    for (Operation* waiting : {reading_, writing_})
        if (waiting && !waiting->queued) end(*waiting, armed.error().number());
}

void EpollChannel::cancel(Operation& operation) noexcept {
    if (!operation.is_waiting() || operation.cancelled) return;
    operation.cancelled = true;
    if (!operation.queued) end(operation, ECANCELED);
}

void EpollChannel::enqueue(Operation* operation) noexcept {
    if (!operation || operation->queued) return;
    operation->queued = true;
    engine_.ready_.push(*operation);
}

void EpollChannel::end(Operation& operation, int errnum) noexcept {
    if (reading_ == &operation) {
        reading_ = nullptr;
    } else if (writing_ == &operation) {
        writing_ = nullptr;
        if (port_ && port_->stop_waiting()) writable_ = true;  // only that one's receiver was full
        next_writing();
    } else {
        behind_writing_.remove(operation);
    }
    operation.finish(-errnum);
    if (operation.queued) return;
    operation.queued = true;
    engine_.ready_.push(operation);
}

void EpollChannel::next_writing() noexcept {
    writing_ = behind_writing_.pop();
    if (writing_ && writable_) enqueue(writing_);
}

bool EpollChannel::proceed(Operation& operation) noexcept {
    operation.queued = false;
    bool writes = &operation == writing_;
    if (!perform(operation)) {
        if (operation.cancelled)
            end(operation, ECANCELED);
        else if (writes && writable_)
            enqueue(&operation);  // it gives way
        return false;
    }
    if (reading_ == &operation) {
        reading_ = nullptr;
    } else {
        writing_ = nullptr;
        next_writing();
    }
    ++engine_.counters_.completions;
    return true;
}

void EpollChannel::became_ready(std::uint32_t events) noexcept {
    // Urgent data stops a receive short of what is behind it.
    constexpr std::uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;
    if (events & ends) at_end_ = true;
    if (events & (EPOLLIN | ends)) {
        readable_ = true;
        saw_flags_ = false;
        if (port_) port_->became_readable();
        enqueue(reading_);
    }
    // Each send to a full receiver makes the port itself writable anew.
    bool is_about_itself = !port_ || !port_->waits_for_receiver();
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR) && is_about_itself) {
        writable_ = true;
        if (hears_of_room_) (void)hear_of_room(false);
        if (port_ && port_->is_blocked()) (void)port_->flush();
        if (writable_) enqueue(writing_);
    }
    // One event has disarmed what is borrowed.
    if (use_ == Use::borrowed && ((reading_ && !reading_->queued) || (writing_ && !writing_->queued))) arm_borrowed();
}

void EpollChannel::receiver_has_room() noexcept {
    if (!port_ || !port_->stop_waiting()) return;
    writable_ = true;
    enqueue(writing_);
}

void EpollChannel::drop() noexcept {
    if (reading_) end(*reading_, ECANCELED);
    if (port_) port_->end();
    for (writable_ = false; writing_; writable_ = false) end(*writing_, ECANCELED);
    // A registration outlives the descriptor where a duplicate of it lives.
    if (is_known_outside_ || use_ == Use::borrowed) (void)engine_.control(EPOLL_CTL_DEL, fd_, 0, 0);
    if (use_ != Use::borrowed) (void)sys::close(fd_);
    engine_.channels_.remove(slot_);
    --engine_.counters_.channels;
    delete this;
}

// ---- Trying. -----------------------------------------------------------------------------------------------------------

bool EpollChannel::perform(Operation& operation) noexcept {
    if (receive_unread(operation)) return true;
    switch (operation.verb) {
        case Verb::receive:
        case Verb::receive_more:
        case Verb::receive_fds: return receive(operation);
        case Verb::receive_into: return receive_into(operation);
        case Verb::receive_from:
        case Verb::receive_train: return receive_from(operation);
        case Verb::send: return send(operation);
        case Verb::send_fds: return send_fds(operation);
        case Verb::send_to:
        case Verb::send_train: return send_to(operation);
        case Verb::accept: return accept(operation);
        case Verb::connect: return connect(operation);
        case Verb::readable: readable_ = false; break;
        case Verb::writable: writable_ = false; break;
    }
    operation.finish(0);
    return true;
}

/// After a failure: false where the socket only is not ready, and `flag` says so from now on.
bool EpollChannel::unready(bool& flag, Operation& operation, Errno error) noexcept {
    if (error.number() == EAGAIN) {
        flag = false;
        return false;
    }
    operation.finish(-error.number());
    return true;
}

bool EpollChannel::receive(Operation& operation) noexcept {
    std::size_t room = std::min(operation.size, block_size);
    Result<std::size_t> count;
    try {
        Buffer& block = engine_.block_;
        if (block.capacity() < room || block.capacity() > 2 * room) block = Buffer::with_capacity(room);
        MutableBytes memory = block.room().first(room);
        if (operation.verb == Verb::receive_fds) [[unlikely]]
            count = engine::receive_fds(fd_, memory, *operation.arriving);
        else
            count = receive_some(memory);
        if (!count) return unready(readable_, operation, count.error());
        block.resize(*count);
        engine_.received_ = *count < worth_a_block && block.capacity() > worth_a_block ? block.copy()
                                                                                       : std::move(block);
    } catch (const std::bad_alloc&) {
        operation.finish(-ENOMEM);
        return true;
    }
    eof_ = *count == 0;
    operation.finish(static_cast<std::int64_t>(*count));
    return true;
}

/// A stream that gives less than there is room for has no more, but for urgent data or an end; one of the Unix domain stops
/// at every piece that came with descriptors or other credentials, too. Of urgent data epoll has told, unless somebody
/// takes it by fileno() before it could: then what is behind it waits for more.
Result<std::size_t> EpollChannel::receive_some(MutableBytes memory) noexcept {
    bool stopped = false;
    auto count = is_unix_ ? sys::recv_to_mark(fd_, memory, MSG_DONTWAIT, stopped)
                          : sys::recv(fd_, memory, MSG_DONTWAIT);
    if (count && *count < memory.size() && trusts_short_ && !stopped && !at_end_) readable_ = false;
    return count;
}

bool EpollChannel::receive_into(Operation& operation) noexcept {
    auto count = receive_some({operation.memory, operation.size});
    if (!count) return unready(readable_, operation, count.error());
    eof_ = *count == 0;
    operation.finish(static_cast<std::int64_t>(*count));
    return true;
}

bool EpollChannel::receive_from(Operation& operation) noexcept {
    if (port_) return port_->receive(operation, engine_.datagram_);
    operation.finish(-EOPNOTSUPP);
    return true;
}

bool EpollChannel::send(Operation& operation) noexcept {
    for (int calls = 0; calls < most_sends_in_a_row; ++calls) {
        Bytes rest = Bytes(operation.data, operation.size).slice(operation.transferred);
        auto count = sys::send(fd_, rest, MSG_DONTWAIT);
        if (!count) return unready(writable_, operation, count.error());
        operation.transferred += *count;
        if (*count < rest.size()) continue;
        operation.finish(static_cast<std::int64_t>(operation.size));
        return true;
    }
    return false;  // it stays writable
}

bool EpollChannel::send_fds(Operation& operation) noexcept {
    auto begun = engine::send_fds(fd_, operation);
    if (!begun) return unready(writable_, operation, begun.error());
    if (operation.transferred < operation.size) return send(operation);
    operation.finish(static_cast<std::int64_t>(operation.size));
    return true;
}

bool EpollChannel::send_to(Operation& operation) noexcept {
    if (!port_) {
        operation.finish(-EOPNOTSUPP);
        return true;
    }
    if (!port_->send(operation)) return wait_for_receiver(operation);
    (void)port_->stop_waiting();
    return true;
}

/// There is no room: true where it is the end of the operation that nobody can tell when there is.
bool EpollChannel::wait_for_receiver(Operation& operation) noexcept {
    writable_ = false;
    if (port_->is_blocked()) return false;
    auto fd = port_->descriptor_to_wait_for(operation);
    Result<void> added;
    if (!fd)
        added = std::unexpected(fd.error());
    else if (*fd == fd_)
        added = hear_of_room(true);
    else
        added = engine_.control(EPOLL_CTL_ADD, *fd, EPOLLOUT | EPOLLONESHOT, number() | EpollEngine::of_receiver);
    if (added) return false;
    writable_ = true;
    operation.finish(-added.error().number());
    return true;
}

/// A port is not told of room unless it waits for that: each datagram that a peer takes makes some.
Result<void> EpollChannel::hear_of_room(bool does) noexcept {
    hears_of_room_ = does;
    std::uint32_t events = does ? EpollEngine::socket_events : EpollEngine::port_events;
    return engine_.control(EPOLL_CTL_MOD, fd_, events, number());
}

void EpollPort::wait_for_room() noexcept {
    channel_.writable_ = false;
    (void)channel_.hear_of_room(true);
}

bool EpollChannel::accept(Operation& operation) noexcept {
    auto& accepted = engine_.accepted_;
    // It would wait here, and all of the loop with it, where somebody else has made the descriptor a waiting one.
    if (is_known_outside_ && !saw_flags_) {
        saw_flags_ = true;
        if (!sys::is_nonblocking(fd_).value_or(true)) (void)sys::set_nonblocking(fd_, true);
    }
    auto connection = sys::accept_nonblocking(fd_, accepted.peer);
    if (!connection) return unready(readable_, operation, connection.error());
    FileDescriptor fd(*connection);
    std::unique_ptr<EpollChannel> channel(new (std::nothrow) EpollChannel(engine_, fd.fileno(), Use::stream));
    if (!channel) {
        operation.finish(-ENOMEM);
        return true;
    }
    channel->trusts_short_ = trusts_short_;
    channel->is_unix_ = is_unix_;
    auto added = engine_.add(std::move(channel), EpollEngine::socket_events);
    if (!added) {
        operation.finish(-added.error().number());
        return true;
    }
    (void)fd.detach();
    accepted.channel = std::move(*added);
    operation.finish(0);
    return true;
}

bool EpollChannel::connect(Operation& operation) noexcept {
    if (connecting_) {  // ready, or an end: only the error number tells which
        auto error = sys::getsockopt_int(fd_, SOL_SOCKET, SO_ERROR);
        operation.finish(error ? -*error : -error.error().number());
        connecting_ = false;
        return true;
    }
    at_end_ = readable_ = false;  // what was said of the socket before is not of the connection
    auto connected = sys::connect(fd_, *operation.address);
    if (connected) {
        operation.finish(0);
        return true;
    }
    int errnum = connected.error().number();
    if (errnum == EINPROGRESS || errnum == EINTR) {
        connecting_ = true;
        writable_ = false;
        return false;
    }
    operation.finish(-errnum);
    return true;
}

// ---- What was brought. -------------------------------------------------------------------------------------------------

Buffer EpollChannel::take(const Operation& operation) {
    return gives_unread(operation) ? take_unread(operation.size) : std::move(engine_.received_);
}
AcceptedChannel EpollChannel::take_accepted() { return std::move(engine_.accepted_); }
ReceivedDatagram EpollChannel::take_datagram() { return std::move(engine_.datagram_); }

int EpollChannel::fileno() noexcept {
    is_known_outside_ = true;
    return fd_;
}

}  // namespace bight::engine
