// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>
#include <bight/file_descriptor.h>
#include <bight/file_transfer.h>

#include "ssl/sha256.h"

#include <cstdint>
#include <expected>
#include <string>

namespace bight::file_transfer {

/// A file on its way into an inbox: under a name of its own, which follows from its name and size, and locked. Destroyed
/// before it is complete it stays there for another attempt, if it is worth that. What the system refuses is raised; where
/// that is room on the disk, the file goes.
class Landing {
public:
    /// For a name that was found good. With `afresh`, what was kept is dropped.
    static std::expected<Landing, Verdict> begin(const Inbox& inbox, std::string name, std::uint64_t size, bool afresh);
    ~Landing();
    Landing(Landing&&) noexcept = default;

    /// How many bytes there are, of an earlier attempt.
    std::uint64_t kept() const noexcept { return kept_; }

    /// Whether what was kept has this checksum: it is gone on with from there; else it is dropped.
    void prove(const Sha256::Digest& digest);

    void write(Bytes data);

    /// Complete. Gives it its name if the checksum is right, once it is on the disk.
    Verdict finish(const Sha256::Digest& digest);

private:
    Landing(const Inbox& inbox, std::string name, std::uint64_t size);
    std::expected<void, Verdict> open();
    bool try_to_hold();
    bool holds(const FileDescriptor& file) const;
    void keep(std::uint64_t size);
    void discard() noexcept;
    [[noreturn]] void raise(Errno error, std::string_view call) const;

    const Inbox* inbox_;
    std::string name_;
    std::string part_name_;
    std::uint64_t kept_ = 0;
    std::uint64_t written_ = 0;  // with what was kept
    bool is_new_ = false;        // made by this attempt, not opened
    FileDescriptor file_;        // none: nothing is held under part_name_
    Sha256 hash_;
};

}  // namespace bight::file_transfer
