// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/operation_list.h"
#include "engine/sim/engine.h"

#include <map>
#include <utility>
#include <vector>

namespace bight::engine::sim {

/// What all channels of a simulation share: operations that wait, and how they come to their end. Some are tried anew
/// when there is a chance, as with epoll; others are done by the kernel and told of later, as with io_uring.
class SimChannel : public Channel {
public:
    bool attempt(Operation& operation) noexcept final;
    void start(Operation& operation) noexcept final;
    bool proceed(Operation& operation) noexcept final;
    void cancel(Operation& operation) noexcept final;
    void drop() noexcept final;

    /// Something has happened to it: whoever waits may have a chance.
    void changed() noexcept;

    // What is not of a channel's kind is a bug of the library's.
    Buffer take(const Operation&) override { return {}; }
    AcceptedChannel take_accepted() override { return {}; }
    ReceivedDatagram take_datagram() override { return {}; }
    bool at_end() const noexcept override { return false; }
    bool has_input() const noexcept override { return has_unread(); }
    Result<void> shutdown(int) noexcept override;
    Result<Address> peer() const noexcept override;

    /// Options are kept, and change nothing. One that was not set is 0.
    Result<void> set_option(int level, int option, Bytes value) noexcept override;
    Result<std::size_t> get_option(int level, int option, MutableBytes value) const noexcept override;
    int fileno() noexcept override { return -1; }

protected:
    explicit SimChannel(SimEngine& engine) noexcept : engine_(engine) {}
    virtual ~SimChannel() = default;

    /// Tries it: true, and it is done, or it has to wait.
    virtual bool perform(Operation& operation) = 0;

    /// Whether perform() would get anywhere.
    virtual bool has_chance(const Operation& operation) const noexcept = 0;

    /// What was taken for an operation whose end nobody will hear of.
    virtual void give_up() noexcept {}

    /// The socket is closed.
    virtual void close() noexcept = 0;

    Network& network() const noexcept { return engine_.network(); }
    std::size_t shortened(std::size_t size) noexcept;

    SimEngine& engine_;

private:
    void tell(Operation* operation) noexcept;
    void end(Operation& operation, int errnum) noexcept;
    void leave(Operation& operation) noexcept;

    Operation* reading_ = nullptr;
    Operation* writing_ = nullptr;
    OperationList behind_writing_;
    std::map<std::pair<int, int>, std::vector<std::byte>> options_;
};

}  // namespace bight::engine::sim
