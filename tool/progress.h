// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bight::tool {

/// One line of a progress bar, `width` columns at most: the name, which may be cut, and the bar, percents and rate as far
/// as there is room.
std::string progress_line(std::string_view name, std::uint64_t done, std::uint64_t size, double bytes_per_second,
                          std::size_t width, bool colour);

/// A bar on standard error, drawn at most ten times a second, and gone when this is. Nothing where standard error is no
/// terminal, or a dumb one. NO_COLOR is honoured.
class ProgressBar {
public:
    ProgressBar();
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    void show(std::string_view name, std::uint64_t done, std::uint64_t size);

    /// Takes the bar off the terminal, before something else is written. What is shown next is another file.
    void clear();

private:
    using Clock = std::chrono::steady_clock;

    bool is_on_ = false;
    bool has_colour_ = false;
    bool is_drawn_ = false;
    std::string name_;  // of the file whose rate is measured
    std::uint64_t first_done_ = 0;
    Clock::time_point begin_;
    std::optional<Clock::time_point> drawn_;
};

}  // namespace bight::tool
