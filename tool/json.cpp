// SPDX-License-Identifier: BSL-1.0
#include "json.h"

namespace bight::tool {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

unsigned byte_at(std::string_view text, std::size_t index) {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0;
}

/// What the bytes behind a lead byte may be: how many, and the range of the first one, which alone depends on the lead.
struct Tail {
    std::size_t length;
    unsigned low, high;
};

Tail tail_of(unsigned lead) {
    if (lead >= 0xc2 && lead <= 0xdf) return {1, 0x80, 0xbf};
    if (lead == 0xe0) return {2, 0xa0, 0xbf};
    if (lead == 0xed) return {2, 0x80, 0x9f};  // no surrogates
    if (lead >= 0xe1 && lead <= 0xef) return {2, 0x80, 0xbf};
    if (lead == 0xf0) return {3, 0x90, 0xbf};
    if (lead >= 0xf1 && lead <= 0xf3) return {3, 0x80, 0xbf};
    if (lead == 0xf4) return {3, 0x80, 0x8f};
    return {0, 0, 0};
}

struct Sequence {
    std::size_t length;  // of the character, or of what stands for one U+FFFD
    bool valid;
};

Sequence sequence_at(std::string_view text, std::size_t start) {
    Tail tail = tail_of(byte_at(text, start));
    if (tail.length == 0) return {1, false};
    for (std::size_t i = 1; i <= tail.length; ++i) {
        unsigned byte = byte_at(text, start + i);
        if (byte < tail.low || byte > tail.high) return {i, false};
        tail.low = 0x80, tail.high = 0xbf;
    }
    return {tail.length + 1, true};
}

void append_ascii(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    auto value = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        out += {'\\', c};
    } else if (c == '\n') {
        out += "\\n";
    } else if (c == '\t') {
        out += "\\t";
    } else if (c == '\r') {
        out += "\\r";
    } else if (value < 0x20 || value == 0x7f) {
        out += {'\\', 'u', '0', '0', digits[value >> 4], digits[value & 15]};
    } else {
        out += c;
    }
}

}  // namespace

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size();) {
        if (byte_at(text, i) < 0x80) {
            append_ascii(out, text[i++]);
            continue;
        }
        auto [length, valid] = sequence_at(text, i);
        out += valid ? text.substr(i, length) : replacement;
        i += length;
    }
    return out += '"';
}

JsonObject& JsonObject::add(std::string_view key, std::span<const std::string> texts) {
    std::string list;
    for (auto& text : texts) {
        if (!list.empty()) list += ',';
        list += json_string(text);
    }
    return add_raw(key, '[' + list + ']');
}

JsonObject& JsonObject::add_raw(std::string_view key, std::string_view value) {
    if (!members_.empty()) members_ += ',';
    members_ += json_string(key);
    members_ += ':';
    members_ += value;
    return *this;
}

}  // namespace bight::tool
