// SPDX-License-Identifier: BSL-1.0
/// Lines, words and ranges of addresses as `bight ip` reads them, wherever the bytes come from.
#pragma once

#include <bight/ipaddress/address_set.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bight::tool {

/// Where bytes come from.
class ByteSource {
public:
    virtual ~ByteSource() = default;

    /// As read(2): 0 at the end. Raises what went wrong.
    virtual std::size_t read(char* to, std::size_t size) = 0;

    /// For messages.
    virtual const std::string& name() const noexcept = 0;
};

/// Its lines, in a buffer that does not grow: of a longer line comes the beginning, and that it was cut.
class LineReader {
public:
    static constexpr std::size_t longest = std::size_t{64} << 10;

    struct Line {
        std::string_view text;  // without its newline; valid until the next one
        std::size_t number;     // from 1
        bool cut;
    };

    explicit LineReader(ByteSource& source, std::size_t max_line = longest)
        : source_(source), max_line_(max_line), buffer_(4 * max_line) {}

    std::optional<Line> next();

private:
    bool fill();
    std::string_view rest() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }

    ByteSource& source_;
    std::size_t max_line_;
    std::vector<char> buffer_;
    std::string kept_;  // the beginning of a line that was cut
    std::size_t begin_ = 0, end_ = 0, number_ = 0;
    bool ended_ = false;
};

/// Whole lines, as many at a time as there are, in a buffer that grows to the longest line that is allowed.
class BlockReader {
public:
    static constexpr std::size_t longest = std::size_t{64} << 20;

    /// Up to `read_size` bytes are read at once, and lines may have `max_line`, which is no less.
    explicit BlockReader(std::size_t read_size = std::size_t{1} << 20, std::size_t max_line = longest)
        : read_size_(read_size), max_line_(max_line) {}

    /// Only the last block may end without a newline. Lines that are too long are left out, and it is told at which byte
    /// of the source they begin.
    void each(ByteSource& source, const std::function<void(const char* begin, const char* end)>& block,
              const std::function<void(std::uint64_t offset)>& too_long);

private:
    std::size_t read_size_, max_line_;
    std::vector<char> buffer_;
};

/// Behind the newline of the line that begins at `begin`, or the end.
const char* line_end(const char* begin, const char* end) noexcept;

/// Without the blanks around it: space, tab, CR, VT, FF.
std::string_view trim(std::string_view text) noexcept;

/// The text up to the first blank, and what comes behind the blanks.
struct Split {
    std::string_view word, rest;
};
Split split_word(std::string_view text) noexcept;

/// Each word of each line: blanks stand between them, and '#' begins a comment. To a ValueError of `found` the name of
/// the source and the number of the line are added. Raises ValueError for a line too long for LineReader.
void for_each_word(ByteSource& source, const std::function<void(std::string_view)>& found);

/// "10.0.0.0/8", "10.0.0.0-10.0.1.7" or "::1". Raises ValueError.
ipaddress::AddressRange parse_range(std::string_view text, bool loose);

/// Whether `text` is such ranges with commas between, or one; their host bits and order are not looked at.
bool is_ranges(std::string_view text) noexcept;

/// Adds such ranges. Raises ValueError.
void add_ranges(ipaddress::AddressSetBuilder& builder, std::string_view text, bool loose);

}  // namespace bight::tool
