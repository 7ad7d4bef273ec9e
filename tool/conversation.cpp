// SPDX-License-Identifier: BSL-1.0
#include "conversation.h"

#include "characters.h"

#include <bight/error.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace bight::tool {
namespace {

constexpr std::size_t longest_character_datagram = 512;               // RFC 864
constexpr std::array simple_services{7, 11, 13, 15, 17, 18, 19, 37};  // that answer whatever they hear, or nothing

/// "Sat Nov 21 03:00:00 2026", local time, as C's ctime() without its newline.
std::string_view current_time(char (&memory)[26]) {
    std::time_t now = std::time(nullptr);
    if (!::ctime_r(&now, memory)) return "?";
    std::string_view text(memory);
    return text.substr(0, text.find('\n'));
}

}  // namespace

void Conversation::answer_line(std::string_view line) {
    char memory[26];
    answer_ += '[';
    answer_ += current_time(memory);
    answer_ += "] ";
    answer_ += line;
    answer_ += '\n';
}

void Conversation::add_to_line(std::string_view part) {
    line_ += part;
    if (line_.size() > longest_)
        throw LimitOverrunError("a line of more than " + std::to_string(longest_) + " bytes", line_.size());
}

Bytes Conversation::greeting() {
    answer_.clear();
    if (service_ == Service::daytime) {
        char memory[26];
        (answer_ += current_time(memory)) += "\r\n";
    } else if (service_ == Service::rfc868) {
        constexpr std::uint32_t from_1900_to_1970 = 2'208'988'800;
        auto seconds = static_cast<std::uint32_t>(std::time(nullptr)) + from_1900_to_1970;
        for (int shift : {24, 16, 8, 0}) answer_ += static_cast<char>(seconds >> shift & 0xff);
    }
    return answer_;
}

Bytes Conversation::answer(Bytes data) {
    if (service_ == Service::echo) return data;
    if (service_ != Service::time) return {};
    answer_.clear();
    auto text = data.view();
    for (auto newline = text.find('\n'); newline != text.npos; newline = text.find('\n')) {
        add_to_line(text.substr(0, newline));
        answer_line(line_);
        line_.clear();
        ++messages_;
        text.remove_prefix(newline + 1);
    }
    add_to_line(text);
    return answer_;
}

Bytes Conversation::answer_end() {
    answer_.clear();
    if (!line_.empty()) answer_line(line_);
    line_.clear();
    return answer_;
}

Bytes Conversation::answer_datagram(Bytes data) {
    if (only_greets(service_)) return greeting();
    if (is_endless(service_)) return Characters().next().slice(0, std::min(data.size(), longest_character_datagram));
    if (service_ != Service::time) return answer(data);
    auto text = data.view();
    if (text.ends_with('\n')) text.remove_suffix(1);
    answer_.clear();
    answer_line(text);
    return answer_;
}

bool Conversation::answers_datagrams(Service service, const Address& peer) noexcept {
    if (service == Service::discard) return false;
    auto port = peer.port();
    return port == 0 || std::ranges::find(simple_services, port) == simple_services.end();
}

std::size_t Conversation::most_input(Service service, std::size_t buffer) noexcept {
    constexpr std::size_t longest_growth = 32;  // an empty line becomes a time, brackets, a blank and a newline
    return service == Service::time ? std::max<std::size_t>(buffer / longest_growth, 1) : buffer;
}

}  // namespace bight::tool
