// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "relay.h"

#include <bight/file_descriptor.h>

#include <cstdint>
#include <memory>
#include <string>

namespace bight::tool {

/// A file with all that went over a wire, in the manner of `hexdump -C`: what was sent behind ">", what was received
/// behind "<", each way counted from its begin.
class HexDump {
public:
    /// Opens the file, or makes it. Raises OSError.
    explicit HexDump(const std::string& path);

    /// Empties the file of what was there before, once there is something to dump. Nothing the second time.
    void begin();

    void sent(Bytes data) { write('>', sent_, data); }
    void received(Bytes data) { write('<', received_, data); }

private:
    void write(char direction, std::uint64_t& count, Bytes data);

    std::string path_;
    FileDescriptor file_;
    bool has_begun_ = false;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
};

/// A wire whose traffic goes into a dump as well.
class DumpedWire final : public Wire {
public:
    DumpedWire(std::unique_ptr<Wire> wire, HexDump& dump) : wire_(std::move(wire)), dump_(dump) { dump_.begin(); }
    int fileno() const noexcept override { return wire_->fileno(); }
    Result<Received> receive(MutableBytes memory) override;
    Result<std::size_t> send(Bytes data) override;
    bool can_send() const override { return wire_->can_send(); }
    bool forget_peer() override { return wire_->forget_peer(); }
    void finish() override { wire_->finish(); }
    std::string peer() const override { return wire_->peer(); }

private:
    std::unique_ptr<Wire> wire_;
    HexDump& dump_;
};

}  // namespace bight::tool
