// SPDX-License-Identifier: BSL-1.0
#include "quantity.h"

#include <bight/error.h>

#include <fmt/core.h>

#include <charconv>
#include <iterator>
#include <string>
#include <system_error>

namespace bight::tool {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr Unit time_units[] = {{"", 1}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
constexpr Unit size_units[] = {{"", 1}, {"k", 0x1p10}, {"K", 0x1p10}, {"M", 0x1p20}, {"G", 0x1p30}};

constexpr double longest_seconds = 10 * 366 * 86400.0;
constexpr double largest_size = 0x1p62;

/// Digits, perhaps with a fraction, and a unit: no sign, no blank, no "inf".
template <std::size_t N>
double parse_quantity(std::string_view text, const Unit (&units)[N], double most, std::string_view what) {
    auto unit_at = text.find_first_not_of("0123456789.");
    if (unit_at == text.npos) unit_at = text.size();
    auto digits = text.substr(0, unit_at);
    double number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
    bool whole = error == std::errc{} && end == digits.data() + digits.size();
    for (const Unit& unit : units) {
        if (!whole || unit.name != text.substr(unit_at)) continue;
        if (number * unit.factor > most) break;
        return number * unit.factor;
    }
    throw ValueError("'" + std::string(text) + "' is no " + std::string(what));
}

}  // namespace

Duration parse_duration(std::string_view text) {
    double seconds = parse_quantity(text, time_units, longest_seconds, "time such as 500ms, 2.5s or 1m");
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::size_t parse_size(std::string_view text) {
    return static_cast<std::size_t>(parse_quantity(text, size_units, largest_size, "size such as 512, 64k or 1M"));
}

std::string format_size(std::uint64_t size) {
    constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (size < 1024) return fmt::format("{} B", size);
    auto number = static_cast<double>(size);
    std::size_t unit = 0;
    for (; number >= 1024 && unit + 1 < std::size(units); ++unit) number /= 1024;
    return fmt::format("{:.1f} {}", number, units[unit]);
}

std::size_t parse_count(std::string_view text) {
    std::size_t count = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size() || count == 0)
        throw ValueError("'" + std::string(text) + "' is no number from 1 on");
    return count;
}

}  // namespace bight::tool
