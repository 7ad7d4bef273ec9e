// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>
#include <bight/file_transfer/verdict.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

// The protocol, without sockets or files. The sender begins with the greeting. Then, for each file:
//
//     sender     Offer: size and name
//     receiver   Go: how many bytes it has kept of an earlier attempt; or Answer: it does not want the file
//     sender     Prefix, only where some were kept: the SHA-256 of that many bytes
//     receiver   Go: where to begin, there or at 0; or Answer: it has the file already
//     sender     the bytes, as they are; then Whole: the SHA-256 of all
//     receiver   Answer
//
// A frame is a type (1 byte), flags (1), the length of what follows (2) and that; numbers in network order. The end of
// the stream before an Offer is the end of all. The receiver may give its Answer at any time, and closes then.
namespace bight::file_transfer {

inline constexpr std::string_view greeting = "BIGHTFT\x01";  // the last byte is the version

using Digest = std::array<std::byte, 32>;  // SHA-256

struct Offer {
    std::uint64_t size = 0;  // at most largest_size
    bool afresh = false;     // nothing that was kept is wanted
    std::string name;
    friend bool operator==(const Offer&, const Offer&) = default;
};
struct Go {
    std::uint64_t offset = 0;
    friend bool operator==(const Go&, const Go&) = default;
};
struct Prefix {
    Digest digest{};
    friend bool operator==(const Prefix&, const Prefix&) = default;
};
struct Whole {
    Digest digest{};
    friend bool operator==(const Whole&, const Whole&) = default;
};
struct Answer {
    Verdict verdict{};
    friend bool operator==(const Answer&, const Answer&) = default;
};
using Frame = std::variant<Offer, Go, Prefix, Whole, Answer>;

inline constexpr std::uint64_t largest_size = INT64_MAX;     // off_t
inline constexpr std::size_t longest_announced_name = 4096;  // refused as a name when it is longer than names can be

/// The bytes of a frame. A name must be no longer than longest_announced_name.
std::string encode(const Frame& frame);

/// Why bytes are no frame.
enum class FrameFault { not_this_protocol, other_version, unknown_type, wrong_length, wrong_value };
std::string_view to_text(FrameFault fault) noexcept;

/// Takes frames off a stream that comes in any pieces. Holds what came of a frame that is not complete, which is never
/// more than the longest frame, and no more than has come.
class FrameReader {
public:
    enum class From { sender, receiver };  // the sender's begin with the greeting
    explicit FrameReader(From from) noexcept : greeted_(from == From::receiver) {}

    /// The next frame, taken off the front of `input`; none where all of `input` was taken and more is needed. After a
    /// fault this is good for nothing.
    std::expected<std::optional<Frame>, FrameFault> read(Bytes& input);

    /// Whether the stream may end here: not within a frame.
    bool is_between_frames() const noexcept { return held_.empty(); }

private:
    bool hold(Bytes& input, std::size_t size);

    std::string held_;
    bool greeted_;
};

}  // namespace bight::file_transfer
