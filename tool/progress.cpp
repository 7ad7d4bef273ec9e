// SPDX-License-Identifier: BSL-1.0
#include "progress.h"

#include "quantity.h"
#include "talk.h"

#include <bight/printable.h>

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace bight::tool {
namespace {

using namespace std::chrono_literals;

constexpr auto between_drawings = 100ms;
constexpr std::size_t usual_width = 80, widest = 1000;

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    auto text = environment("COLUMNS");
    std::size_t columns = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
    return error == std::errc{} && columns > 0 ? std::min(columns, widest) : usual_width;
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

/// The first `most` characters of UTF-8, and as many blanks as are missing.
std::string fitted(std::string_view text, std::size_t most) {
    std::size_t characters = 0, end = 0;
    while (end < text.size() && (characters += begins_character(text[end])) <= most) ++end;
    return std::string(text.substr(0, end)).append(most - std::min(characters, most), ' ');
}

}  // namespace

std::string progress_line(std::string_view name, std::uint64_t done, std::uint64_t size, double bytes_per_second,
                          std::size_t width, bool colour) {
    double part = size == 0 ? 1 : static_cast<double>(done) / static_cast<double>(size);
    auto numbers = fmt::format(" {:3}% {:>10}/s", static_cast<int>(part * 100),
                               format_size(static_cast<std::uint64_t>(std::max(bytes_per_second, 0.0))));
    auto shown = printable(name);
    if (width <= numbers.size() + 1) return fitted(shown, width);
    auto room = width - numbers.size();
    if (room < 20) return fitted(shown, room) + numbers;
    auto name_width = std::min<std::size_t>(room / 2, 40), bar_width = room - name_width - 3;
    auto filled = static_cast<std::size_t>(part * static_cast<double>(bar_width));
    std::string bar = std::string(filled, '#');
    if (colour) bar = "\x1b[32m" + bar + "\x1b[0m";
    return fitted(shown, name_width) + " [" + bar + std::string(bar_width - filled, ' ') + ']' + numbers;
}

ProgressBar::ProgressBar()
    : is_on_(::isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb" && !environment("TERM").empty()),
      has_colour_(environment("NO_COLOR").empty()) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::show(std::string_view name, std::uint64_t done, std::uint64_t size) {
    if (!is_on_) return;
    auto now = Clock::now();
    if (name_ != name) {
        name_ = name;
        first_done_ = done;
        begin_ = now;
    }
    if (drawn_ && now - *drawn_ < between_drawings) return;
    drawn_ = now;
    is_drawn_ = true;
    double seconds = std::chrono::duration<double>(now - begin_).count();
    double rate = seconds > 0 ? static_cast<double>(done - first_done_) / seconds : 0;
    // One column is left free: where the last one is written, some terminals begin a new line.
    auto line = progress_line(name, done, size, rate, terminal_width() - 1, has_colour_);
    write_all(STDERR_FILENO, '\r' + line + "\x1b[K");
}

void ProgressBar::clear() {
    name_.clear();
    if (!is_drawn_) return;
    is_drawn_ = false;
    write_all(STDERR_FILENO, "\r\x1b[K");
}

}  // namespace bight::tool
