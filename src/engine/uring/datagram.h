// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/uring/channel.h"

namespace bight::engine {

/// A port for datagrams. The kernel tells when it is ready; the datagrams themselves move by calls of their own, which
/// move many.
class UringDatagram final : public UringChannel {
public:
    UringDatagram(UringEngine& engine, int fd, Family family) noexcept
        : UringChannel(engine, fd), port_(*this, engine.datagrams_, fd, family) {}

    bool attempt(Operation& operation) noexcept override;
    void start(Operation& operation) noexcept override;
    bool proceed(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    ReceivedDatagram take_datagram() override { return std::move(taken_); }
    void answered(Request request, int result, std::uint32_t flags) noexcept override;

private:
    class Port final : public DatagramPort {
    public:
        Port(UringDatagram& channel, DatagramBatches& batches, int fd, Family family) noexcept
            : DatagramPort(batches, fd, family), channel_(channel) {}

    private:
        void wait_for_room() noexcept override { channel_.ask_for_room(); }
        UringDatagram& channel_;
    };

    void dropped() noexcept override;
    static bool writes(const Operation& operation) noexcept {
        return operation.verb == Verb::send_to || operation.verb == Verb::send_train;
    }
    bool perform(Operation& operation) noexcept;
    void enqueue(Operation& operation) noexcept;
    void next_writing() noexcept;
    void wait_to_read() noexcept;
    void wait_to_write() noexcept;
    void ask_for_room() noexcept;
    bool ask(Request what, int fd) noexcept;

    Port port_;
    Operation* reading_ = nullptr;
    Operation* writing_ = nullptr;
    OperationList behind_writing_;
    ReceivedDatagram taken_;
    bool asked_in_ = false;  // the kernel tells when there is something
    bool asked_out_ = false;
    bool found_no_room_ = false;  // when it was tried last
};

}  // namespace bight::engine
