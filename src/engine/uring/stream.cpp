// SPDX-License-Identifier: BSL-1.0
#include "engine/uring/stream.h"

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

constexpr unsigned most_waiting = 4;  // buffers of a connection that nobody reads
constexpr std::size_t block_size = std::size_t{64} << 10;
constexpr std::size_t worth_a_block = 4096;
constexpr std::size_t worth_a_call = BufferPool::buffer_size + 1;

}  // namespace

// ---- Starting and ending. ----------------------------------------------------------------------------------------------

bool UringStream::attempt(Operation& operation) noexcept {
    if (!reads(operation)) return operation.verb == Verb::send && send_directly(operation);
    return !reading_ && may_deliver(operation) && deliver(operation);
}

void UringStream::start(Operation& operation) noexcept {
    operation.state = Operation::State::waiting;
    switch (operation.verb) {
        case Verb::receive:
        case Verb::receive_more:
        case Verb::receive_into:
        case Verb::receive_fds:
            if (reading_) return end(operation, EBUSY);
            reading_ = &operation;
            wake_reader();
            return operation.queued ? void() : wait_for_more();
        case Verb::send:
        case Verb::send_fds:
        case Verb::connect:
            if (writing_) return behind_writing_.push(operation);
            return begin_sending(operation);
        default: return end(operation, EOPNOTSUPP);
    }
}

void UringStream::cancel(Operation& operation) noexcept {
    if (!operation.is_waiting() || operation.cancelled) return;
    operation.cancelled = true;
    if (&operation == reading_) {
        if (operation.queued) return;  // it has what it waited for
        reading_ = nullptr;            // the receive stays with the kernel: what it brings is for the next reader
        end(operation, ECANCELED);
    } else if (&operation == writing_) {
        if (operation.queued) return;
        cancel_request(sending_);
    } else if (behind_writing_.remove(operation)) {
        end(operation, ECANCELED);
    }
}

void UringStream::dropped() noexcept {
    abandon(std::exchange(reading_, nullptr));
    while (Operation* operation = behind_writing_.pop()) end(*operation, ECANCELED);
    if (writing_ && writing_->queued) {  // what went wrong must not be asked of a channel that has gone
        Operation& operation = *std::exchange(writing_, nullptr);
        operation.finish(operation.result < 0 ? -ECANCELED : operation.result);
    } else if (writing_) {
        cancel_request(sending_);
    }
    if (edges_ && !(writing_ && sending_ == Request::poll_out)) cancel_request(Request::poll_out);
    if (armed_ && !stopping_) cancel_request(Request::receive);
    if (polling_) cancel_request(Request::poll_in);
    while (count_ > 0) drop_front();
}

void UringStream::answered(Request request, int result, std::uint32_t flags) noexcept {
    switch (request) {
        case Request::receive: return received(result, flags);
        case Request::poll_in: return became_readable();
        case Request::poll_out: return became_writable(result, flags);
        case Request::send: return sent(result);
        case Request::connect: return connected(result);
        default: return;
    }
}

// ---- Receiving. --------------------------------------------------------------------------------------------------------

/// Somebody waits and there is nothing: sees to it that the kernel brings it, or tells.
void UringStream::wait_for_more() noexcept {
    if (armed_ || polling_ || ended_) return;
    plenty_ || !receives_ahead_ ? ask_when_readable() : arm_receive();
}

void UringStream::receive_ahead(bool does) noexcept {
    receives_ahead_ = does;
    if (!does) take_receive_back();
}

void UringStream::take_receive_back() noexcept {
    if (!armed_ || stopping_) return;
    stopping_ = true;
    cancel_request(Request::receive);
}

void UringStream::arm_receive() noexcept {
    io_uring_sqe* receive = request(Request::receive, IORING_OP_RECV);
    if (!receive) return ask_when_readable();
    receive->ioprio = IORING_RECV_MULTISHOT;
    receive->flags = IOSQE_BUFFER_SELECT;
    receive->buf_group = BufferPool::group;
    armed_ = true;
    stopping_ = false;
}

void UringStream::received(int result, std::uint32_t flags) noexcept {
    if (!(flags & IORING_CQE_F_MORE)) armed_ = false;
    BufferPool& pool = *engine_.buffers_;
    bool is_much = plenty_ || (count_ > 0 && pool.size(last_) == BufferPool::buffer_size);
    if (flags & IORING_CQE_F_BUFFER) {
        auto number = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
        pool.taken(is_much);
        if (result <= 0 || is_dropped()) {
            pool.give_back(number);
        } else {
            if (is_much) plenty_ = readable_ = true;
            pool.size(number) = static_cast<std::uint32_t>(result);
            pool.next(number) = BufferPool::none;
            (count_ == 0 ? first_ : pool.next(last_)) = number;
            last_ = number;
            ++count_;
        }
    }
    if (is_dropped()) return;
    bool was_asked_back = result == -ECANCELED && stopping_;
    if (result == -ENOBUFS) {
        ++engine_.counters_.no_buffers;
        if (!is_much) pool.ran_out();
        plenty_ = is_much || pool.is_exhausted();
        readable_ = true;
    } else if (result == -EAGAIN) {  // somebody else has made the descriptor non-blocking: the kernel does not wait
        plenty_ = true;
    } else if (result <= 0 && !was_asked_back) {
        ended_ = true;
        end_ = static_cast<std::int16_t>(result);
    }
    wake_reader();
    bool is_too_much = plenty_ || (!reading_ && count_ >= most_waiting);
    if (is_too_much) take_receive_back();
    if (reading_ && !reading_->queued) wait_for_more();
}

void UringStream::ask_when_readable() noexcept {
    io_uring_sqe* poll = request(Request::poll_in, IORING_OP_POLL_ADD);
    if (!poll) {
        if (reading_ && !reading_->queued) end(*std::exchange(reading_, nullptr), ENOBUFS);
        return;
    }
    poll->poll32_events = POLLIN | POLLRDHUP;
    polling_ = true;
}

void UringStream::became_readable() noexcept {
    polling_ = false;
    readable_ = true;
    if (!is_dropped()) wake_reader();
}

void UringStream::wake_reader() noexcept {
    if (!reading_ || reading_->queued || !may_deliver(*reading_)) return;
    reading_->queued = true;
    ++engine_.counters_.completions;
    engine_.ready_.push(*reading_);
}

bool UringStream::proceed(Operation& operation) noexcept {
    if (&operation == writing_) {
        writing_ = nullptr;
        if (Operation* next = behind_writing_.pop()) begin_sending(*next);
        operation.state = Operation::State::done;
        return true;
    }
    operation.queued = false;
    reading_ = nullptr;
    if (deliver(operation)) return true;
    if (operation.cancelled) {
        operation.finish(-ECANCELED);
        return true;
    }
    reading_ = &operation;
    wait_for_more();
    return false;
}

/// Gives the operation what has come, or the end: false where there is nothing yet.
bool UringStream::deliver(Operation& operation) noexcept {
    direct_ = false;
    if (receive_unread(operation)) return true;
    if (count_ == 0) {
        if (ended_) {
            operation.finish(std::exchange(end_, std::int16_t{0}));  // an error is told once; then it is the end
            return true;
        }
        return readable_ && !armed_ && receive_directly(operation);
    }
    Bytes front = Bytes(engine_.buffers_->memory(first_), engine_.buffers_->size(first_)).slice(offset_);
    std::size_t size = std::min(front.size(), operation.size);
    operation.finish(static_cast<std::int64_t>(size));
    if (operation.verb == Verb::receive_into) {
        std::memcpy(operation.memory, front.data(), size);
        consume_front(size);
    }
    return true;
}

bool UringStream::receive_directly(Operation& operation) noexcept {
    Result<std::size_t> count;
    std::size_t room = operation.size;
    try {
        if (operation.verb == Verb::receive_into) {
            count = sys::recv(fd_, {operation.memory, room}, MSG_DONTWAIT);
        } else {
            room = std::min(room, block_size);
            Buffer block = Buffer::with_capacity(room);
            MutableBytes memory = block.room().first(room);
            count = operation.verb == Verb::receive_fds ? engine::receive_fds(fd_, memory, *operation.arriving)
                                                        : sys::recv(fd_, memory, MSG_DONTWAIT);
            block.resize(count.value_or(0));
            bool is_small = block.size() < worth_a_block && block.capacity() > worth_a_block;
            if (count) engine_.received_ = is_small ? block.copy() : std::move(block);
        }
    } catch (const std::bad_alloc&) {
        operation.finish(-ENOMEM);
        return true;
    }
    if (!count && count.error().number() == EAGAIN) {
        readable_ = false;
        return false;
    }
    readable_ = count && *count == room;
    plenty_ = count && *count > BufferPool::buffer_size;
    direct_ = true;
    if (count && *count == 0) ended_ = true;
    operation.finish(count ? static_cast<std::int64_t>(*count) : -count.error().number());
    return true;
}

void UringStream::drop_front() noexcept {
    BufferPool& pool = *engine_.buffers_;
    std::uint16_t number = first_;
    first_ = pool.next(number);
    offset_ = 0;
    --count_;
    pool.give_back(number);
}

void UringStream::consume_front(std::size_t size) noexcept {
    offset_ = static_cast<std::uint16_t>(offset_ + size);
    if (offset_ == engine_.buffers_->size(first_)) drop_front();
}

Buffer UringStream::take(const Operation& operation) {
    std::size_t limit = operation.size;
    if (direct_) return std::move(engine_.received_);
    if (gives_unread(operation)) return take_unread(limit);
    BufferPool& pool = *engine_.buffers_;
    std::size_t size = pool.size(first_) - offset_;
    if (size > limit) {
        Buffer part = Buffer::copy_of(Bytes(pool.memory(first_) + offset_, limit));
        consume_front(limit);
        return part;
    }
    std::uint16_t number = first_;
    first_ = pool.next(number);
    --count_;
    return pool.lend(number, std::exchange(offset_, std::uint16_t{0}), size);
}

// ---- Sending and connecting. -------------------------------------------------------------------------------------------

/// What is large is sent by a call of its own: it is in the cache now, and its memory is free for the next at once. So is
/// what would be alone in the ring: that takes a call too, and a turn more.
bool UringStream::send_directly(Operation& operation) noexcept {
    if (writing_ || (operation.size < worth_a_call && !engine_.is_quiet())) return false;
    auto count = sys::send(fd_, Bytes(operation.data, operation.size), MSG_DONTWAIT);
    if (!count) {
        if (count.error().number() == EAGAIN) return false;
        operation.finish(-count.error().number());
        return true;
    }
    operation.transferred = *count;
    if (*count < operation.size) return false;  // the kernel is asked for the rest
    operation.finish(static_cast<std::int64_t>(*count));
    return true;
}

void UringStream::begin_sending(Operation& operation) noexcept {
    writing_ = &operation;
    bool connects = operation.verb == Verb::connect;
    if (connects && operation.address->family() == Family::unix_domain) return connected(connect_at_once(operation));
    if (operation.verb == Verb::send_fds && !begin_sending_fds(operation)) return;
    if (!connects) return operation.transferred > 0 ? wait_for_room(operation) : ask_to_send(operation);
    sending_ = Request::connect;
    io_uring_sqe* sqe = request(sending_, IORING_OP_CONNECT);
    if (!sqe) return written(-ENOBUFS);
    sqe->addr = reinterpret_cast<std::uint64_t>(operation.address->sockaddr().data());
    sqe->off = operation.address->sockaddr().size();
}

void UringStream::ask_to_send(Operation& operation) noexcept {
    sending_ = Request::send;
    io_uring_sqe* sqe = request(sending_, IORING_OP_SEND);
    if (!sqe) return written(-ENOBUFS);
    Bytes rest = Bytes(operation.data, operation.size).slice(operation.transferred);
    sqe->addr = reinterpret_cast<std::uint64_t>(rest.data());
    sqe->len = static_cast<std::uint32_t>(std::min<std::size_t>(rest.size(), 1u << 30));
    // Of a peer that has finished sending the kernel would wait in a thread for each, which may miss a cancellation.
    sqe->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT;
}

/// False where it is done, or has to wait for room.
bool UringStream::begin_sending_fds(Operation& operation) noexcept {
    auto begun = send_fds(fd_, operation);
    bool is_full = !begun && begun.error().number() == EAGAIN;
    if (is_full)
        ask_when_writable();
    else if (!begun)
        written(-begun.error().number());
    else if (operation.transferred == operation.size)
        written(static_cast<std::int64_t>(operation.size));
    else
        return true;
    return false;
}

/// A Unix listener answers at once, EAGAIN where it has no room: the ring would wait for it, and not be stopped.
int UringStream::connect_at_once(Operation& operation) noexcept {
    (void)sys::set_nonblocking(fd_, true);
    auto connected = sys::connect(fd_, *operation.address);
    (void)sys::set_nonblocking(fd_, false);
    return connected ? 0 : -connected.error().number();
}

void UringStream::sent(int result) noexcept {
    Operation& operation = *writing_;
    if (result > 0) operation.transferred += static_cast<std::size_t>(result);
    bool is_done = operation.transferred == operation.size;
    if (!is_done && !operation.cancelled && !is_dropped()) {
        if (result == -EINTR) return begin_sending(operation);
        if (result > 0) return wait_for_room(operation);
        if (result == -EAGAIN) return ask_when_writable();
    }
    bool has_failed = result < 0 && result != -EAGAIN && result != -EINTR;  // these end only what was cancelled
    written(is_done ? static_cast<std::int64_t>(operation.size) : has_failed ? result : -ECANCELED);
}

/// A part was taken: mostly there is no room for more then. But a poll that tells changes owes one only after an EAGAIN.
void UringStream::wait_for_room(Operation& operation) noexcept { edges_ ? send_more(operation) : ask_when_writable(); }

/// A poll of the ring's tells the end of the peer's sending, too, asked or not. Then one that tells each change once waits
/// for room: it begins by telling what there is, and later comes only who has found none, so there will be a change.
void UringStream::ask_when_writable() noexcept {
    sending_ = Request::poll_out;
    if (edges_) return;
    io_uring_sqe* poll = request(sending_, IORING_OP_POLL_ADD);
    if (!poll) return written(-ENOBUFS);
    poll->poll32_events = POLLOUT;
    if (!half_closed_) return;
    poll->len = IORING_POLL_ADD_MULTI;
    edges_ = true;
}

void UringStream::became_writable(int result, std::uint32_t flags) noexcept {
    bool is_last = !(flags & IORING_CQE_F_MORE);
    if (is_last) edges_ = false;
    if (!writing_ || writing_->queued || sending_ != Request::poll_out) return;
    if (writing_->cancelled || is_dropped()) return is_last ? written(-ECANCELED) : void();
    if (result < 0) return written(result);
    if (result & (POLLOUT | POLLERR | POLLHUP)) return send_more(*writing_);
    half_closed_ = true;
    if (is_last) ask_when_writable();
}

void UringStream::send_more(Operation& operation) noexcept {
    if (operation.verb == Verb::send_fds && !begin_sending_fds(operation)) return;
    for (int calls = 0; operation.transferred < operation.size; ++calls) {
        // A poll tells at once if there is room, but not one that tells each change once: then the ring tries.
        if (calls == most_sends_in_a_row) return edges_ ? ask_to_send(operation) : ask_when_writable();
        auto count = sys::send(fd_, Bytes(operation.data, operation.size).slice(operation.transferred), MSG_DONTWAIT);
        if (!count && count.error().number() == EAGAIN) return ask_when_writable();
        if (!count) return written(-count.error().number());
        operation.transferred += *count;
    }
    written(static_cast<std::int64_t>(operation.size));
}

void UringStream::connected(int result) noexcept {
    bool was_ended = result == -EINTR && (writing_->cancelled || is_dropped());
    written(was_ended ? -ECANCELED : result);
}

/// The one that writes is done. It keeps its place until it is told, so that a drop meanwhile finds it.
void UringStream::written(std::int64_t result) noexcept {
    Operation& operation = *writing_;
    operation.finish(result);
    if (is_dropped()) {
        writing_ = nullptr;
        if (result < 0) operation.finish(-ECANCELED);
        return complete(operation);
    }
    operation.state = Operation::State::performed;
    operation.queued = true;
    ++engine_.counters_.completions;
    engine_.ready_.push(operation);
}

}  // namespace bight::engine
