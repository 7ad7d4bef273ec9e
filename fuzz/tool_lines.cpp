// SPDX-License-Identifier: BSL-1.0
/// The tool's readers of lines, blocks and words, with small buffers and pieces, against plain ones. The first two bytes
/// of the input are the longest line and the size of the pieces.
#include "fuzz/chunks.h"
#include "fuzz/require.h"

#include "ip_lines.h"

#include <bight/error.h>

#include <vector>

using namespace bight::tool;
using bight::fuzz::Chunks;
using bight::fuzz::require;

namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        lines.push_back(line);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return lines;
}

void check_lines(std::string_view text, std::size_t longest, std::size_t piece) {
    Chunks source(text, piece);
    LineReader reader(source, longest);
    std::size_t number = 0;
    for (auto expected : lines_of(text)) {
        auto line = reader.next();
        require(line.has_value(), "a line is missing", text);
        require(line->text == expected.substr(0, longest), "another line", text);
        require(line->cut == (expected.size() > longest), "cut or not", text);
        require(line->number == ++number, "another number", text);
    }
    require(!reader.next() && !reader.next(), "a line too many", text);
}

void check_blocks(std::string_view text, std::size_t longest, std::size_t piece) {
    std::string expected, found;
    std::vector<std::uint64_t> expected_offsets, offsets;
    for (auto line : lines_of(text)) {
        if (line.size() > longest)
            expected_offsets.push_back(static_cast<std::uint64_t>(line.data() - text.data()));
        else
            expected.append(line.data(), line.data() + line.size() + (line.data() + line.size() != text.end() ? 1 : 0));
    }
    Chunks source(text, piece);
    BlockReader(std::min(piece, longest), longest)
        .each(
            source,
            [&](const char* begin, const char* end) {
                require(begin < end, "an empty block", text);
                require(found.empty() || found.back() == '\n', "a block begins within a line", text);
                found.append(begin, end);
            },
            [&](std::uint64_t offset) { offsets.push_back(offset); });
    require(found == expected, "other blocks", text);
    require(offsets == expected_offsets, "other lines are too long", text);
}

void check_words(std::string_view text, std::size_t piece) {
    std::vector<std::string> expected, found;
    for (auto line : lines_of(text)) {
        bool fresh = true;
        for (char c : line) {
            if (c == '#') break;
            bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
            if (!blank && fresh) expected.emplace_back();
            if (!blank) expected.back() += c;
            fresh = blank;
        }
    }
    Chunks source(text, piece);
    try {
        for_each_word(source, [&](std::string_view word) {
            found.emplace_back(word);
            if (word == "bad") throw bight::ValueError("a bad one");
        });
    } catch (const bight::ValueError& error) {
        std::string_view what = error.what();
        require(what.starts_with("input:"), "an error without its line", text);
        if (what.find("too long") == what.npos) require(found.back() == "bad", "an error for nothing", text);
        expected.resize(found.size());
    }
    require(found == expected, "other words", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < 2) return 0;
    std::size_t longest = 1 + data[0] % 64, piece = 1 + data[1] % 80;
    auto text = bight::fuzz::text_of(data + 2, size - 2);
    check_lines(text, longest, piece);
    check_blocks(text, longest, piece);
    check_words(text, piece);
    return 0;
}
