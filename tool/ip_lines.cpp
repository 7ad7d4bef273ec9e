// SPDX-License-Identifier: BSL-1.0
#include "ip_lines.h"

#include <bight/error.h>
#include <bight/ipaddress.h>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace bight::tool {

using namespace ipaddress;

// ---- Lines. ------------------------------------------------------------------------------------------------------------

bool LineReader::fill() {
    if (ended_) return false;
    if (begin_ != 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    auto got = source_.read(buffer_.data() + end_, buffer_.size() - end_);
    end_ += got;
    ended_ = got == 0;
    return !ended_;
}

std::optional<LineReader::Line> LineReader::next() {
    std::size_t looked = 0, newline;
    while ((newline = rest().find('\n', looked)) == std::string_view::npos) {
        looked = rest().size();
        if (looked > max_line_) break;
        if (!fill()) {
            if (rest().empty()) return std::nullopt;
            Line last{rest(), ++number_, false};
            begin_ = end_;
            return last;
        }
    }
    if (newline != std::string_view::npos) {
        Line line{rest().substr(0, std::min(newline, max_line_)), ++number_, newline > max_line_};
        begin_ += newline + 1;
        return line;
    }
    kept_.assign(rest().substr(0, max_line_));
    do {
        newline = rest().find('\n');
        begin_ = newline == std::string_view::npos ? end_ : begin_ + newline + 1;
    } while (newline == std::string_view::npos && fill());
    return Line{kept_, ++number_, true};
}

const char* line_end(const char* begin, const char* end) noexcept {
    auto* newline = static_cast<const char*>(std::memchr(begin, '\n', static_cast<std::size_t>(end - begin)));
    return newline ? newline + 1 : end;
}

void BlockReader::each(ByteSource& source, const std::function<void(const char*, const char*)>& block,
                       const std::function<void(std::uint64_t)>& too_long) {
    std::uint64_t offset = 0;  // of the buffer in the source
    std::size_t filled = 0;    // the beginning of a line
    bool skipping = false;     // the rest of a line that was too long
    while (true) {
        if (filled == buffer_.size())
            buffer_.resize(std::min(std::max(2 * filled, 2 * read_size_), max_line_ + read_size_));
        std::size_t got = source.read(buffer_.data() + filled, std::min(read_size_, buffer_.size() - filled));
        const char *begin = buffer_.data(), *fresh = begin + filled, *end = fresh + got;
        const char* from = begin;
        // The other lines begin in what was read just now, which is not too long.
        if (skipping || static_cast<std::size_t>(end - begin) > max_line_) {
            const char* behind = line_end(begin, end);
            bool whole = behind != begin && behind[-1] == '\n';
            if (!skipping && static_cast<std::size_t>(behind - begin) - (whole ? 1 : 0) > max_line_) {
                too_long(offset);
                skipping = true;
            }
            if (skipping) {
                from = behind;
                skipping = !whole;
            }
        }
        const char* unseen = std::max(from, fresh);
        auto* newline = static_cast<const char*>(::memrchr(unseen, '\n', static_cast<std::size_t>(end - unseen)));
        const char* behind = got == 0 ? end : newline ? newline + 1 : from;
        if (behind != from) block(from, behind);
        if (got == 0) return;
        offset += static_cast<std::uint64_t>(behind - begin);
        filled = static_cast<std::size_t>(end - behind);
        std::memmove(buffer_.data(), behind, filled);
    }
}

// ---- Words. ------------------------------------------------------------------------------------------------------------

namespace {

constexpr std::string_view blanks = " \t\r\v\f";

void words_of(const LineReader::Line& line, const std::function<void(std::string_view)>& found) {
    auto text = line.text.substr(0, line.text.find('#'));
    if (line.cut && text.size() == line.text.size()) throw ValueError("the line is too long");
    for (text = trim(text); !text.empty();) {
        auto [word, rest] = split_word(text);
        found(word);
        text = rest;
    }
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

Split split_word(std::string_view text) noexcept {
    auto word = text.substr(0, text.find_first_of(blanks));
    auto rest = text.substr(word.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    return {word, rest};
}

void for_each_word(ByteSource& source, const std::function<void(std::string_view)>& found) {
    LineReader lines(source);
    while (auto line = lines.next()) {
        try {
            words_of(*line, found);
        } catch (const ValueError& error) {
            throw ValueError(fmt::format("{}:{}: {}", source.name(), line->number, error.what()));
        }
    }
}

// ---- Ranges. -----------------------------------------------------------------------------------------------------------

AddressRange parse_range(std::string_view text, bool loose) {
    if (auto network = IPNetwork::parse(text, {.strict = !loose})) return *network;
    if (auto dash = text.find('-'); dash != text.npos) {
        IPAddress first(text.substr(0, dash)), last(text.substr(dash + 1));
        if (first.version() != last.version())
            throw ValueError(fmt::format("{} and {} are of two versions", first.to_string(), last.to_string()));
        return AddressRange(first, last);
    }
    if (text.find('/') == text.npos) return IPAddress(text);
    return IPNetwork(text, {.strict = !loose});
}

bool is_ranges(std::string_view text) noexcept {
    while (true) {
        auto comma = text.find(',');
        auto part = text.substr(0, comma);
        auto dash = part.find('-');
        bool is_range = IPNetwork::parse(part, {.strict = false}) ||
                        (dash != part.npos && IPAddress::parse(part.substr(0, dash)) &&
                         IPAddress::parse(part.substr(dash + 1)));
        if (!is_range || comma == text.npos) return is_range;
        text.remove_prefix(comma + 1);
    }
}

void add_ranges(AddressSetBuilder& builder, std::string_view text, bool loose) {
    while (true) {
        auto comma = text.find(',');
        builder.add(parse_range(text.substr(0, comma), loose));
        if (comma == text.npos) return;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace bight::tool
