// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>

#include <cstddef>
#include <string>

namespace bight::tool {

/// What a server does with what it hears.
enum class Service { echo, discard, time };

/// One client's side of a service: bytes in, bytes out, whoever carries them. An answer is lent until the next call,
/// and for echo it is `data` itself.
class Conversation {
public:
    explicit Conversation(Service service) noexcept : service_(service) {}

    /// What is sent back for `data`, the next part of a stream.
    /// Raises LimitOverrunError for a line of more than 64 KiB.
    Bytes answer(Bytes data);

    /// What is still to be said when the client has finished: `time` answers a last line without a newline.
    Bytes answer_end();

    /// What is sent back for a datagram.
    Bytes answer_datagram(Bytes data);

    /// How much may be given to answer() at once, so that what comes back has room in `buffer` bytes, or nearly so.
    static std::size_t most_input(Service service, std::size_t buffer) noexcept;

private:
    void answer_line(std::string_view line);

    Service service_;
    std::string line_;  // the beginning of a line that has not ended yet
    std::string answer_;
};

}  // namespace bight::tool
