// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/bytes.h>

#include <cstddef>
#include <string>

namespace bight::tool {

/// What a server does with what it hears: RFC 862, 863, lines with the time in front, 867, 864, 868.
enum class Service { echo, discard, time, daytime, chargen, rfc868 };

/// One client's side of a service: bytes in, bytes out, whoever carries them. An answer is lent until the next call,
/// and for echo it is `data` itself.
class Conversation {
public:
    static constexpr std::size_t longest_line = std::size_t{64} << 10;

    explicit Conversation(Service service, std::size_t longest = longest_line) noexcept
        : service_(service), longest_(longest) {}

    /// Whether what is heard comes in messages: the lines of `time`.
    static bool has_messages(Service service) noexcept { return service == Service::time; }

    /// Whether the server says all it has to say at once, and then listens no more: daytime, rfc868.
    static bool only_greets(Service service) noexcept {
        return service == Service::daytime || service == Service::rfc868;
    }

    /// Whether it goes on until the client goes: chargen. See Characters.
    static bool is_endless(Service service) noexcept { return service == Service::chargen; }

    /// What is said before anything is heard.
    Bytes greeting();

    /// What is sent back for `data`, the next part of a stream.
    /// Raises LimitOverrunError for a line that is longer than it may be.
    Bytes answer(Bytes data);

    /// What is still to be said when the client has finished: `time` answers a last line without a newline.
    Bytes answer_end();

    /// How many messages were whole, and how much of another has come.
    std::size_t messages() const noexcept { return messages_; }
    std::size_t pending() const noexcept { return line_.size(); }

    /// What is sent back for a datagram, of which no service but `time`, daytime and rfc868 makes more than it was: chargen
    /// answers with at most as much, for else it would be a tool to flood those whose address a datagram pretends to have.
    Bytes answer_datagram(Bytes data);

    /// Whether a datagram from there has an answer at all. One from the port of such a service may have none: two servers
    /// would answer each other for ever.
    static bool answers_datagrams(Service service, const Address& peer) noexcept;

    /// How much may be given to answer() at once, so that what comes back has room in `buffer` bytes, or nearly so.
    static std::size_t most_input(Service service, std::size_t buffer) noexcept;

private:
    void answer_line(std::string_view line);
    void add_to_line(std::string_view part);

    Service service_;
    std::size_t longest_;
    std::size_t messages_ = 0;
    std::string line_;  // the beginning of a line that has not ended yet
    std::string answer_;
};

}  // namespace bight::tool
