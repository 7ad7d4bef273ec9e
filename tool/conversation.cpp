// SPDX-License-Identifier: BSL-1.0
#include "conversation.h"

#include <bight/error.h>

#include <algorithm>
#include <ctime>
#include <string_view>

namespace bight::tool {
namespace {

constexpr std::size_t longest_line = std::size_t{64} << 10;

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

Bytes Conversation::answer(Bytes data) {
    if (service_ == Service::echo) return data;
    if (service_ == Service::discard) return {};
    answer_.clear();
    auto text = data.view();
    for (auto newline = text.find('\n'); newline != text.npos; newline = text.find('\n')) {
        line_ += text.substr(0, newline);
        answer_line(line_);
        line_.clear();
        text.remove_prefix(newline + 1);
    }
    line_ += text;
    if (line_.size() > longest_line) throw LimitOverrunError("a line of more than 64 KiB", line_.size());
    return answer_;
}

Bytes Conversation::answer_end() {
    answer_.clear();
    if (!line_.empty()) answer_line(line_);
    line_.clear();
    return answer_;
}

Bytes Conversation::answer_datagram(Bytes data) {
    if (service_ != Service::time) return answer(data);
    auto text = data.view();
    if (text.ends_with('\n')) text.remove_suffix(1);
    answer_.clear();
    answer_line(text);
    return answer_;
}

std::size_t Conversation::most_input(Service service, std::size_t buffer) noexcept {
    constexpr std::size_t longest_growth = 32;  // an empty line becomes a time, brackets, a blank and a newline
    return service == Service::time ? std::max<std::size_t>(buffer / longest_growth, 1) : buffer;
}

}  // namespace bight::tool
