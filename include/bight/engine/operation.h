// SPDX-License-Identifier: BSL-1.0
/// How a frame that waits and the engine that wakes it speak to each other. Not for programs: they say co_await.
#pragma once

#include <bight/address.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/error.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace bight::engine {

class Channel;
struct ArrivingFds;
struct LeavingFds;

/// Something for the loop's thread to run once. Stands in whatever it belongs to; the queue owns nothing.
struct Runnable {
    Runnable* next = nullptr;
    void (*run)(Runnable&) noexcept = nullptr;
};

/// First in, first out.
class RunQueue {
public:
    RunQueue() noexcept = default;
    RunQueue(const RunQueue&) = delete;
    RunQueue& operator=(const RunQueue&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }

    void push(Runnable& runnable) noexcept {
        runnable.next = nullptr;
        *last_ = &runnable;
        last_ = &runnable.next;
    }

    Runnable* pop() noexcept {
        Runnable* front = first_;
        if (!front) return nullptr;
        first_ = front->next;
        if (!first_) last_ = &first_;
        return front;
    }

    /// All that waits, linked by `next`: whoever runs one reads that before.
    Runnable* take_all() noexcept {
        last_ = &first_;
        return std::exchange(first_, nullptr);
    }

private:
    Runnable* first_ = nullptr;
    Runnable** last_ = &first_;
};

enum class Verb : std::uint8_t {
    receive,        // at most `size` bytes of a stream, to be had by take()
    receive_more,   // the same, behind what is unread
    receive_into,   // the same, into `memory`
    receive_fds,    // as receive; descriptors that come with it are to be found in `arriving`
    send_fds,       // all of `leaving`; a send once the first bytes have gone, and the descriptors with them
    send,           // all `size` bytes at `data`
    accept,         // a connection, to be had by take_accepted()
    connect,        // to `address`
    receive_from,   // a datagram, to be had by take_datagram()
    send_to,        // one datagram of `size` bytes at `data`, to `address` if there is one
    receive_train,  // datagrams of one peer's that came together, to be had by take_datagram()
    send_train,     // as many as there are in `size` bytes at `data`, each of `segment` bytes but the last; as send_to
    readable,       // a descriptor of any kind
    writable,
};

/// One thing that is waited for. Lies in the frame that waits; from start() until proceed() is true the channel knows it,
/// and whatever it points at must stay.
///
/// Whoever starts it says what `run` does: the loop calls it whenever the channel sees a chance, never inside attempt() or
/// start(). It asks proceed(), and where that is true the operation is done, and will not be heard of again.
struct Operation : Runnable {
    enum class State : std::uint8_t { idle, waiting, performed, done };  // performed: its channel is still to be told

    Operation(Channel& on, Verb what) noexcept : channel(&on), verb(what) {}

    bool is_waiting() const noexcept { return state == State::waiting; }

    /// With a count of more than the kernel ever moves at once, which only a send has, that is what it says.
    void finish(std::int64_t outcome) noexcept {
        result = outcome < INT32_MAX ? static_cast<std::int32_t>(outcome) : INT32_MAX;
        state = State::done;
    }

    bool proceed() noexcept;

    Channel* channel;  // not to be asked anything once it is done: it may have gone
    union {
        std::byte* memory = nullptr;
        const std::byte* data;
        ArrivingFds* arriving;
        const LeavingFds* leaving;
    };
    std::size_t size = 0;
    union {
        std::size_t transferred = 0;  // of send: what has been taken so far, also where an error follows
        const Address* address;
    };
    std::int32_t result = 0;  // what the kernel answers: a count, or an errno below zero
    Verb verb;
    State state : 4 = State::idle;
    bool cancelled : 1 = false;  // somebody has asked for its end
    bool queued : 1 = false;     // in the loop's queue already
    std::uint16_t segment = 0;
};

struct AcceptedChannel;
struct ReceivedDatagram;

/// One open socket, as an engine knows it. The verbs of Operation are its calls; every member is for the loop's thread.
class Channel {
public:
    /// Does it now if that needs no waiting: true, and the operation is done. What is left of it is for start().
    virtual bool attempt(Operation& operation) noexcept = 0;

    /// Begins to wait. It completes exactly once, later, by the loop: in the next turn, if that needs no waiting; with EBUSY
    /// where another one waits that admits no second.
    virtual void start(Operation& operation) noexcept = 0;

    /// The turn of a started operation has come, which is not done: true if it is now. Otherwise it goes on waiting.
    virtual bool proceed(Operation& operation) noexcept = 0;

    /// Asks a waiting operation to end. It still completes once: with its result if that came first, or ECANCELED.
    virtual void cancel(Operation& operation) noexcept = 0;

    /// What the operation of that name that was done last has brought. To be called at once after it.
    virtual Buffer take(const Operation& operation) = 0;
    virtual AcceptedChannel take_accepted() = 0;
    virtual ReceivedDatagram take_datagram() = 0;

    /// Whether the end of the stream was seen, and all before it was read.
    virtual bool at_end() const noexcept = 0;

    /// Whether something has come that was not read.
    virtual bool has_input() const noexcept = 0;

    virtual Result<void> shutdown(int how) noexcept = 0;
    virtual Result<Address> local() const noexcept = 0;
    virtual Result<Address> peer() const noexcept = 0;
    virtual Result<void> set_option(int level, int option, Bytes value) noexcept = 0;
    virtual Result<std::size_t> get_option(int level, int option, MutableBytes value) const noexcept = 0;

    // ---- Descriptors on their way. -----------------------------------------------------------------------------------

    /// Whether they pass here, which they do over Unix sockets: EOPNOTSUPP elsewhere.
    virtual Result<void> passes_fds() noexcept;

    /// Whether something may be received that nobody has asked for yet: what comes beside that is lost. What was received
    /// so already, or is just being received, comes first.
    virtual void receive_ahead(bool) noexcept {}

    /// Whether all that is to be read is still with the kernel, and stays there: others may take it out of the descriptor.
    virtual bool leaves_input() const noexcept { return false; }

    // ---- What was received and is still to be read: the next receive gives it first. --------------------------------

    Bytes unread() const noexcept;
    void consume(std::size_t size) noexcept;

    /// Behind what is there. Raises std::bad_alloc.
    void append_unread(Buffer data);

    /// The descriptor, -1 where there is none.
    virtual int fileno() noexcept = 0;

    /// Lends the descriptor to calls of the loop's own, between the operations: it does not block until give_back(), which
    /// is to be called as often. False where that cannot be.
    virtual bool lend() noexcept { return false; }
    virtual void give_back() noexcept {}

    /// Closes. What waits ends with ECANCELED; the object goes when the kernel has let go of it.
    virtual void drop() noexcept = 0;

protected:
    Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel() = default;

    /// Does a receive from what is unread, if there is any.
    bool receive_unread(Operation& operation) noexcept {
        return has_unread_for(operation) && receive_what_is_unread(operation);
    }
    bool has_unread() const noexcept { return unread_ != nullptr; }

    /// Whether receive_unread() would do it.
    bool has_unread_for(const Operation& operation) const noexcept {
        return unread_ && (gives_unread(operation) || operation.verb == Verb::receive_into);
    }

    /// What receive_unread() has promised; `operation` had it if gives_unread() says so.
    Buffer take_unread(std::size_t limit);
    bool gives_unread(const Operation& operation) const noexcept {
        return unread_ && (operation.verb == Verb::receive || operation.verb == Verb::receive_fds);
    }

private:
    struct Unread {
        Buffer data;
        std::size_t offset = 0;
    };
    bool receive_what_is_unread(Operation& operation) noexcept;

    std::unique_ptr<Unread> unread_;  // null most of the time: who only waits holds no memory
};

inline bool Operation::proceed() noexcept { return state == State::done || channel->proceed(*this); }

struct DropChannel {
    void operator()(Channel* channel) const noexcept { channel->drop(); }
};
using ChannelOwner = std::unique_ptr<Channel, DropChannel>;

struct AcceptedChannel {
    ChannelOwner channel;
    Address peer;  // of family unspecified where nobody asked for it yet: channel->peer() tells
};

struct ReceivedDatagram {
    Buffer data;
    Address peer;
    bool truncated = false;
    std::size_t segment = 0;  // of a train: the length of each datagram but the last
};

}  // namespace bight::engine
