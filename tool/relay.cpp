// SPDX-License-Identifier: BSL-1.0
#include "relay.h"

#include "exit_code.h"
#include "talk.h"
#include "would_wait.h"

#include <bight/buffer.h>
#include <bight/selectors.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace bight::tool {
namespace {

using Clock = std::chrono::steady_clock;

/// One way of the relay: what was read and has not been written yet.
struct Flow {
    Buffer memory = Buffer::with_capacity(65536);
    std::size_t start = 0;
    std::size_t end = 0;
    bool ended = false;    // nothing more is read
    bool pending = false;  // there is something to write; it may be an empty datagram

    Bytes data() const noexcept { return {memory.data() + start, end - start}; }
    bool done() const noexcept { return ended && !pending; }

    void filled(std::size_t size) noexcept { start = 0, end = size, pending = true; }
    void taken(std::size_t size) noexcept {
        start += size;
        pending = start < end;
    }
};

class Relay {
public:
    Relay(Wire& wire, StopSignals& signals, const RelayOptions& options)
        : wire_(wire), signals_(signals), options_(options), output_chunk_(chunk_of(STDOUT_FILENO)) {
        selector_.add(signals, Ready::read, Part::signals);
    }

    int run();

private:
    enum class Part { input, output, network, signals };

    /// How much can be written at once, once poll(2) has said "writable", without waiting for a slow reader.
    static std::size_t chunk_of(int fd) {
        struct stat file;
        bool regular = ::fstat(fd, &file) == 0 && S_ISREG(file.st_mode);
        return regular ? 65536 : PIPE_BUF;
    }

    bool done() const { return down_.done() && (up_.done() || input_is_terminal_); }
    void watch(int fd, Part part, bool read, bool write);
    void watch_all();
    void read_input();
    void send();
    void receive();
    bool write_output();
    void fail(Errno error, const std::string& call);

    Wire& wire_;
    StopSignals& signals_;
    RelayOptions options_;
    std::size_t output_chunk_;
    bool input_is_terminal_ = ::isatty(STDIN_FILENO) == 1;
    Selector<Part> selector_{selectors::Method::poll};  // epoll takes no regular files, and standard input may be one
    Flow up_;                                           // standard input to the network
    Flow down_;                                         // the network to standard output
    std::optional<Errno> failure_;
    std::string failed_call_;
};

void Relay::watch(int fd, Part part, bool read, bool write) {
    Ready events = (read ? Ready::read : Ready::none) | (write ? Ready::write : Ready::none);
    bool known = selector_.contains(fd);
    if (events == Ready::none) {
        if (known) selector_.remove(fd);
    } else if (known) {
        selector_.modify(fd, events);
    } else {
        selector_.add(fd, events, part);
    }
}

void Relay::watch_all() {
    watch(STDIN_FILENO, Part::input, !up_.ended && !up_.pending && wire_.can_send(), false);
    watch(STDOUT_FILENO, Part::output, false, down_.pending);
    watch(wire_.fileno(), Part::network, !down_.ended && !down_.pending, up_.pending);
}

int Relay::run() {
    auto last_active = Clock::now();
    while (!done()) {
        watch_all();
        auto silence = up_.ended ? options_.silence_after_input : options_.silence;
        auto limit = silence ? Timeout(*silence - (Clock::now() - last_active)) : std::nullopt;
        auto events = selector_.select(limit);
        if (events.empty() && silence && Clock::now() - last_active >= *silence) {
            if (options_.silence_is_end) return exit_code::ok;
            raise_os_error(ETIMEDOUT, "waiting for " + wire_.peer());
        }
        for (auto& [key, ready] : events) {
            last_active = Clock::now();
            if (key->data == Part::signals) {
                if (auto signal = signals_.take()) return exit_code::signalled + *signal;
            }
            if (key->data == Part::input) read_input();
            if (key->data == Part::output && !write_output()) throw OutputClosed();
            if (key->data == Part::network && has(ready, Ready::write)) send();
            if (key->data == Part::network && has(ready, Ready::read)) receive();
        }
    }
    if (failure_) raise_os_error(failure_->number(), failed_call_);
    return exit_code::ok;
}

void Relay::read_input() {
    auto room = up_.memory.room();
    auto size = ::read(STDIN_FILENO, room.data(), std::min<std::size_t>(room.size(), 65507));  // fits a UDP datagram
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) raise_os_error(errno, "read from standard input");
    if (size > 0) return up_.filled(static_cast<std::size_t>(size));
    up_.ended = true;
    wire_.finish();
}

/// Whether there is nobody at that address any more.
bool has_gone(Errno error) {
    using enum std::errc;
    return error == connection_refused || error == no_such_file_or_directory || error == connection_reset ||
           error == broken_pipe;
}

void Relay::send() {
    auto sent = wire_.send(up_.data());
    if (sent) return up_.taken(*sent);
    if (would_wait(sent.error())) return;
    up_.pending = false;
    auto to_whom = "send to " + wire_.peer();
    if (has_gone(sent.error()) && wire_.forget_peer()) return say(to_whom + ": " + sent.error().message());
    up_.ended = true;
    fail(sent.error(), to_whom);  // what the peer has said before is read all the same
}

void Relay::receive() {
    auto received = wire_.receive(down_.memory.room());
    if (!received) {
        if (would_wait(received.error())) return;
        fail(received.error(), "receive from " + wire_.peer());
        up_.pending = false;
        up_.ended = down_.ended = true;
    } else if (received->ended) {
        down_.ended = true;
    } else if (received->size > 0) {
        down_.filled(received->size);
    }
}

/// False once nobody reads any more.
bool Relay::write_output() {
    auto data = down_.data().slice(0, output_chunk_);
    auto size = ::write(STDOUT_FILENO, data.data(), data.size());
    if (size >= 0) {
        down_.taken(static_cast<std::size_t>(size));
    } else if (errno == EPIPE) {
        return false;
    } else if (errno != EAGAIN && errno != EINTR) {
        raise_os_error(errno, "write to standard output");
    }
    return true;
}

void Relay::fail(Errno error, const std::string& call) {
    if (failure_) return;
    failure_ = error;
    failed_call_ = call;
}

}  // namespace

StreamWire::StreamWire(Socket socket, std::string peer) : socket_(std::move(socket)), peer_(std::move(peer)) {
    socket_.setblocking(false);
}

Result<Wire::Received> StreamWire::receive(MutableBytes memory) {
    auto data = socket_.try_recv_into(memory);
    if (!data) return std::unexpected(data.error());
    return Received{data->size(), data->empty()};
}

void StreamWire::finish() {
    try {
        socket_.shutdown(SHUT_WR);
    } catch (const OSError&) {
        // The connection is gone already: receive() tells.
    }
}

DatagramWire::DatagramWire(Socket socket, Answers answers, const std::optional<Address>& peer)
    : socket_(std::move(socket)), answers_(answers), peer_(peer) {
    socket_.setblocking(false);
}

Result<Wire::Received> DatagramWire::receive(MutableBytes memory) {
    auto datagram = socket_.try_recvfrom_into(memory);
    if (!datagram) return std::unexpected(datagram.error());
    if (answers_ == Answers::to_last) peer_ = datagram->peer;
    return Received{datagram->data.size(), false};
}

Result<std::size_t> DatagramWire::send(Bytes data) {
    return answers_ == Answers::connected ? socket_.try_send(data) : socket_.try_sendto(data, *peer_);
}

bool DatagramWire::forget_peer() {
    if (answers_ != Answers::to_last) return false;
    peer_.reset();
    return true;
}

int relay(Wire& wire, StopSignals& signals, const RelayOptions& options) { return Relay(wire, signals, options).run(); }

}  // namespace bight::tool
