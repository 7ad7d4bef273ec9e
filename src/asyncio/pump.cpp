// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/stream.h>
#include <bight/asyncio/timeouts.h>
#include <bight/file_descriptor.h>

#include "asyncio/lent_stream.h"
#include "sys/calls.h"
#include "sys/file_calls.h"
#include "sys/spawn.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bight::asyncio {
namespace {

constexpr std::size_t read_before_moving = std::size_t{16} << 10;  // each wait reads so much, and is copied
constexpr std::size_t moved_at_once = std::size_t{1} << 20;        // others have their turn between
constexpr int pipe_size = 256 << 10;

/// What is spliced goes through a pipe, which is made when much comes.
class Mover {
public:
    Mover(detail::LentStream& from, detail::LentStream& to) : from_(from), to_(to) {
        moves_ = from.does_not_block() && to.does_not_block();
        if (moves_) from.leave_input();
    }

    std::size_t read_size() const noexcept { return moves_ ? read_before_moving : Stream::default_read; }

    /// Whether move() may be of use, after a read that has brought `size` bytes: it would not be where that was all.
    bool may_move(std::size_t size) const {
        return in_pipe_ > 0 || (moves_ && size == read_before_moving && from_.leaves_input());
    }

    /// Moves what is there, within bounds: how much. Where there is no room for more, rest() is what is to be written next,
    /// which waits for some.
    std::size_t move();
    Buffer& rest() noexcept { return rest_; }

    /// Gives back to the input what was taken from it and has not begun to be written: `first`, and what is in the pipe.
    void put_back(Buffer first);

    /// What the input has raised, once all before it has gone.
    void raise_error() const {
        if (error_ != 0) raise_os_error(error_, "pump");
    }

private:
    bool open();
    bool fill();
    void keep_rest();
    void take_from_pipe(MutableBytes memory);

    detail::LentStream& from_;
    detail::LentStream& to_;
    FileDescriptor out_, in_;
    std::size_t in_pipe_ = 0;
    int error_ = 0;
    Buffer rest_;
    bool moves_;
};

/// Whether a call that did not move anything says no more than that: another way is tried, or it is waited.
bool is_no_failure(Errno error) {
    return error.number() == EAGAIN || error.number() == EINTR || error.number() == EINVAL;
}

bool Mover::open() {
    if (in_) return true;
    auto ends = sys::pipe();
    moves_ = ends.has_value();
    if (!moves_) return false;
    out_ = FileDescriptor(ends->first);
    in_ = FileDescriptor(ends->second);
    (void)sys::enlarge_pipe(in_.fileno(), pipe_size);
    return true;
}

/// The end of the input is for the next read to tell. An error is not: a socket tells it once, and to a later read it would
/// be the end.
bool Mover::fill() {
    auto size = sys::splice(from_.fileno(), in_.fileno(), moved_at_once);
    if (!size && size.error().number() == EINVAL) moves_ = false;
    if (!size && !is_no_failure(size.error())) error_ = size.error().number();
    in_pipe_ = size.value_or(0);
    return in_pipe_ > 0;
}

std::size_t Mover::move() {
    if (!open()) return 0;
    sys::SigpipeBlocked blocked;
    std::size_t all = 0;
    while (all < moved_at_once && (in_pipe_ > 0 || fill())) {
        auto moved = sys::splice(out_.fileno(), to_.fileno(), in_pipe_);
        if (!moved || *moved == 0) {
            if (!moved && !is_no_failure(moved.error())) raise_os_error(moved.error(), "pump");
            if (!moved && moved.error().number() == EINVAL) moves_ = false;
            keep_rest();
            break;
        }
        in_pipe_ -= *moved;
        all += *moved;
    }
    return all;
}

/// Takes it out of the pipe: it waits in memory, as what was read does.
void Mover::keep_rest() {
    std::size_t size = moves_ ? std::min(in_pipe_, read_before_moving) : in_pipe_;
    rest_ = Buffer::with_capacity(size);
    take_from_pipe(rest_.room().first(size));
    rest_.resize(size);
}

void Mover::take_from_pipe(MutableBytes memory) {
    while (!memory.empty()) {
        auto count = sys::read(out_.fileno(), memory);
        if (!count && count.error().number() == EINTR) continue;
        if (!count) raise_os_error(count.error(), "pump");
        memory = memory.last(memory.size() - *count);
        in_pipe_ -= *count;
    }
}

void Mover::put_back(Buffer first) {
    if (in_pipe_ > 0) {
        std::size_t size = first.size() + in_pipe_;
        Buffer whole = Buffer::with_capacity(size);
        if (!first.empty()) std::memcpy(whole.room().data(), first.data(), first.size());
        take_from_pipe(whole.room().first(size).last(in_pipe_));
        whole.resize(size);
        first = std::move(whole);
    }
    from_.put_back(std::move(first));
}

/// Where it is cancelled before it has begun, the next read of the input gives this.
Task<> write_or_put_back(Stream& to, Buffer& data, Mover& mover) {
    auto writing = to.write(data);
    try {
        co_await writing;
    } catch (const Cancelled&) {
        if (writing.transferred == 0) mover.put_back(std::move(data));
        throw;
    }
}

}  // namespace

Task<std::uint64_t> pump(Stream& from, Stream& to, PumpOptions options) {
    detail::LentStream input(from, "pump"), output(to, "pump");
    Mover mover(input, output);
    std::uint64_t pumped = 0;
    while (true) {
        Buffer data = co_await from.read(mover.read_size());
        if (data.empty()) break;
        std::size_t size = data.size();
        co_await write_or_put_back(to, data, mover);
        pumped += size;
        data = Buffer();
        while (mover.may_move(size)) {
            std::size_t moved = mover.move();
            pumped += moved;
            if (Buffer rest = std::move(mover.rest())) {
                co_await write_or_put_back(to, rest, mover);
                pumped += rest.size();
            } else if (moved < moved_at_once) {
                mover.raise_error();
                break;
            }
            try {
                co_await asyncio::sleep(Duration::zero());
            } catch (const Cancelled&) {
                mover.put_back(Buffer());
                throw;
            }
        }
    }
    if (options.write_eof) to.write_eof();
    co_return pumped;
}

}  // namespace bight::asyncio
