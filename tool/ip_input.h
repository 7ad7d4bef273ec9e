// SPDX-License-Identifier: BSL-1.0
/// What `bight ip` reads and writes: lines of any length, ranges of addresses, much output.
#pragma once

#include "ip.h"

#include <bight/ipaddress/address_set.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bight::tool {

/// A file, or standard input for "-". Raises OSError.
class InputFile {
public:
    explicit InputFile(const std::string& path);
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;
    ~InputFile();

    /// As read(2): 0 at the end.
    std::size_t read(char* to, std::size_t size);

    const std::string& name() const noexcept { return name_; }

private:
    std::string name_;
    int fd_;
};

/// The lines of a file, in a buffer that does not grow: of a longer line comes the beginning, and that it was cut.
class LineReader {
public:
    static constexpr std::size_t max_line = std::size_t{64} << 10;

    struct Line {
        std::string_view text;  // without its newline; valid until the next one
        std::size_t number;     // from 1
        bool cut;
    };

    explicit LineReader(const std::string& path) : file_(path), buffer_(4 * max_line) {}

    /// `before_waiting` is called whenever more is read.
    std::optional<Line> next(const std::function<void()>& before_waiting = {});

    const std::string& name() const noexcept { return file_.name(); }

private:
    bool fill(const std::function<void()>& before_waiting);
    std::string_view rest() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }

    InputFile file_;
    std::vector<char> buffer_;
    std::string kept_;  // the beginning of a line that was cut
    std::size_t begin_ = 0, end_ = 0, number_ = 0;
    bool ended_ = false;
};

/// Standard output by large pieces. What is left when it is destroyed is lost: call flush().
class OutputBuffer {
public:
    void add(std::string_view text) {
        text_ += text;
        if (text_.size() >= std::size_t{256} << 10) flush();
    }
    void line(std::string_view text) {
        text_ += text;
        add("\n");
    }
    void flush();

private:
    std::string text_;
};

/// "10.0.0.0/8", "10.0.0.0-10.0.1.7" or "::1". Raises ValueError.
ipaddress::AddressRange parse_range(std::string_view text, bool loose);

/// Whether `text` could be meant as such a range, well written or not.
bool looks_like_range(std::string_view text);

/// Each word (networks, ranges, addresses) of each line, without what follows a '#'. No file: standard input. A word that
/// is no range raises ValueError, which tells the file and the line.
void for_each_range(std::span<const std::string> files, bool loose,
                    const std::function<void(const ipaddress::AddressRange&)>& found);

/// Each word, or without any, each line of standard input.
void for_each_word(std::span<const std::string> words, const std::function<void(std::string_view)>& found);

/// Ranges with commas between, or one.
ipaddress::AddressSet parse_patterns(std::string_view text, bool loose);

/// The words that look like ranges at the beginning of a command line (with commas between, if one likes), and those of
/// the file of -f; behind them stand files.
struct Patterns {
    ipaddress::AddressSet addresses;
    std::vector<std::string> files;
};
Patterns patterns_of(const IpOptions& options);

/// Prints the networks of a set, or with --json one object for each.
void print_networks(const ipaddress::AddressSet& set, bool json);

/// One network on a line of its own.
void add_network(OutputBuffer& out, const ipaddress::IPNetwork& network, bool json);

}  // namespace bight::tool
