// SPDX-License-Identifier: BSL-1.0
#include "ip_input.h"

#include "json.h"
#include "talk.h"

#include <bight/error.h>
#include <bight/ipaddress.h>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace bight::tool {

using namespace ipaddress;

// ---- Files and lines. --------------------------------------------------------------------------------------------------

InputFile::InputFile(const std::string& path)
    : name_(path == "-" ? "standard input" : path),
      fd_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) raise_os_error(errno, "open " + path);
}

InputFile::~InputFile() {
    if (fd_ != STDIN_FILENO) ::close(fd_);
}

std::size_t InputFile::read(char* to, std::size_t size) {
    while (true) {
        auto got = ::read(fd_, to, size);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) raise_os_error(errno, "read " + name_);
    }
}

bool LineReader::fill(const std::function<void()>& before_waiting) {
    if (ended_) return false;
    if (begin_ != 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (before_waiting) before_waiting();
    auto got = file_.read(buffer_.data() + end_, buffer_.size() - end_);
    end_ += got;
    ended_ = got == 0;
    return !ended_;
}

std::optional<LineReader::Line> LineReader::next(const std::function<void()>& before_waiting) {
    std::size_t looked = 0, newline;
    while ((newline = rest().find('\n', looked)) == std::string_view::npos) {
        looked = rest().size();
        if (looked > max_line) break;
        if (!fill(before_waiting)) {
            if (rest().empty()) return std::nullopt;
            Line last{rest(), ++number_, false};
            begin_ = end_;
            return last;
        }
    }
    if (newline != std::string_view::npos) {
        Line line{rest().substr(0, std::min(newline, max_line)), ++number_, newline > max_line};
        begin_ += newline + 1;
        return line;
    }
    kept_.assign(rest().substr(0, max_line));
    do {
        newline = rest().find('\n');
        begin_ = newline == std::string_view::npos ? end_ : begin_ + newline + 1;
    } while (newline == std::string_view::npos && fill(before_waiting));
    return Line{kept_, ++number_, true};
}

void OutputBuffer::flush() {
    if (!text_.empty()) print(text_);
    text_.clear();
}

// ---- Ranges. -----------------------------------------------------------------------------------------------------------

AddressRange parse_range(std::string_view text, bool loose) {
    if (auto dash = text.find('-'); dash != text.npos) {
        // A zone may hold a dash too, but a range has no zones.
        return AddressRange(IPAddress(text.substr(0, dash)), IPAddress(text.substr(dash + 1)));
    }
    if (text.find('/') == text.npos) return IPAddress(text);
    return IPNetwork(text, {.strict = !loose});
}

bool looks_like_range(std::string_view text) {
    auto first = text.substr(0, text.find_first_of("-/,%"));
    return IPAddress::parse(first).has_value();
}

namespace {

constexpr std::string_view blanks = " \t\r\v\f";

void ranges_of(const LineReader::Line& line, bool loose, const std::function<void(const AddressRange&)>& found) {
    std::string_view text = line.text.substr(0, line.text.find('#'));
    if (line.cut && text.size() == line.text.size()) throw ValueError("the line is too long");
    for (std::size_t at; (at = text.find_first_not_of(blanks)) != text.npos;) {
        text.remove_prefix(at);
        auto word = text.substr(0, text.find_first_of(blanks));
        found(parse_range(word, loose));
        text.remove_prefix(word.size());
    }
}

}  // namespace

void for_each_range(std::span<const std::string> files, bool loose,
                    const std::function<void(const AddressRange&)>& found) {
    static const std::vector<std::string> standard_input{"-"};
    if (files.empty()) files = standard_input;
    for (const std::string& file : files) {
        LineReader lines(file);
        while (auto line = lines.next()) {
            try {
                ranges_of(*line, loose, found);
            } catch (const std::exception& error) {
                throw ValueError(fmt::format("{}:{}: {}", lines.name(), line->number, error.what()));
            }
        }
    }
}

void for_each_word(std::span<const std::string> words, const std::function<void(std::string_view)>& found) {
    for (const std::string& word : words) found(word);
    if (!words.empty()) return;
    LineReader lines("-");
    while (auto line = lines.next()) found(line->text);
}

AddressSet parse_patterns(std::string_view text, bool loose) {
    AddressSetBuilder builder;
    while (true) {
        auto comma = text.find(',');
        builder.add(parse_range(text.substr(0, comma), loose));
        if (comma == text.npos) return builder.build();
        text.remove_prefix(comma + 1);
    }
}

Patterns patterns_of(const IpOptions& options) {
    Patterns patterns;
    auto word = options.words.begin();
    for (; word != options.words.end() && looks_like_range(*word); ++word)
        patterns.addresses |= parse_patterns(*word, options.loose);
    if (word == options.words.begin() && options.patterns.empty())
        throw ValueError(options.words.empty() ? "which networks? (or a file of them, with -f)"
                                               : "no network: " + options.words.front());
    patterns.files.assign(word, options.words.end());
    if (!options.patterns.empty()) {
        AddressSetBuilder builder;
        std::vector<std::string> file{options.patterns};
        for_each_range(file, options.loose, [&](const AddressRange& range) { builder.add(range); });
        patterns.addresses |= builder.build();
    }
    return patterns;
}

void add_network(OutputBuffer& out, const IPNetwork& network, bool json) {
    if (json) {
        auto first = network.network_address().to_string(), last = network.broadcast_address().to_string();
        out.line(JsonObject()
                     .add("schema", "bight.ip/1")
                     .add("network", network.to_string())
                     .add("first", first)
                     .add("last", last)
                     .text());
        return;
    }
    char text[IPNetwork::max_text_size + 1];
    char* end = network.to_chars(text);
    *end++ = '\n';
    out.add({text, static_cast<std::size_t>(end - text)});
}

void print_networks(const AddressSet& set, bool json) {
    OutputBuffer out;
    for (const IPNetwork& network : set.networks()) add_network(out, network, json);
    out.flush();
}

}  // namespace bight::tool
