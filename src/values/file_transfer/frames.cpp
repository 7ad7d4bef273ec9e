// SPDX-License-Identifier: BSL-1.0
#include "values/file_transfer/frames.h"

#include <algorithm>
#include <cstring>

namespace bight::file_transfer {
namespace {

enum class Type : unsigned char { offer = 1, go = 2, prefix = 3, whole = 4, answer = 5 };

constexpr std::size_t header_size = 4, number_size = 8, digest_size = 32;
constexpr unsigned char flag_afresh = 1;

void put(std::string& out, std::uint64_t number, std::size_t size) {
    while (size-- > 0) out += static_cast<char>(number >> (8 * size) & 0xff);
}

std::uint64_t number_of(std::string_view bytes) noexcept {
    std::uint64_t number = 0;
    for (char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

std::string_view text_of(const Digest& digest) noexcept {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string framed(Type type, unsigned char flags, std::string_view body) {
    std::string out{static_cast<char>(type), static_cast<char>(flags)};
    put(out, body.size(), 2);
    return out += body;
}

struct Encoder {
    std::string operator()(const Offer& offer) const {
        std::string body;
        put(body, offer.size, number_size);
        return framed(Type::offer, offer.afresh ? flag_afresh : 0, body + offer.name);
    }
    std::string operator()(const Go& go) const {
        std::string body;
        put(body, go.offset, number_size);
        return framed(Type::go, 0, body);
    }
    std::string operator()(const Prefix& prefix) const { return framed(Type::prefix, 0, text_of(prefix.digest)); }
    std::string operator()(const Whole& whole) const { return framed(Type::whole, 0, text_of(whole.digest)); }
    std::string operator()(const Answer& answer) const {
        return framed(Type::answer, 0, std::string(1, static_cast<char>(answer.verdict)));
    }
};

struct Header {
    Type type;
    unsigned char flags;
    std::size_t length;
};

/// Looked at before the body is waited for.
std::expected<Header, FrameFault> header_of(std::string_view bytes) noexcept {
    auto type = static_cast<unsigned char>(bytes[0]);
    if (type < 1 || type > 5) return std::unexpected(FrameFault::unknown_type);
    Header header{Type{type}, static_cast<unsigned char>(bytes[1]), number_of(bytes.substr(2))};
    if (header.flags > (header.type == Type::offer ? flag_afresh : 0)) return std::unexpected(FrameFault::wrong_value);
    constexpr std::size_t least[] = {0, number_size, number_size, digest_size, digest_size, 1};
    std::size_t most = least[type] + (header.type == Type::offer ? longest_announced_name : 0);
    if (header.length < least[type] || header.length > most) return std::unexpected(FrameFault::wrong_length);
    return header;
}

Digest digest_of(std::string_view body) noexcept {
    Digest digest;
    std::memcpy(digest.data(), body.data(), digest.size());
    return digest;
}

std::expected<Frame, FrameFault> decode(const Header& header, std::string_view body) {
    switch (header.type) {
        case Type::prefix: return Prefix{digest_of(body)};
        case Type::whole: return Whole{digest_of(body)};
        case Type::answer: {
            auto verdict = static_cast<unsigned char>(body[0]);
            if (verdict > static_cast<unsigned char>(Verdict::too_slow)) break;
            return Answer{Verdict{verdict}};
        }
        default: {
            auto number = number_of(body.substr(0, number_size));
            if (number > largest_size) break;
            if (header.type == Type::go) return Go{number};
            return Offer{number, header.flags == flag_afresh, std::string(body.substr(number_size))};
        }
    }
    return std::unexpected(FrameFault::wrong_value);
}

}  // namespace

std::string encode(const Frame& frame) { return std::visit(Encoder(), frame); }

std::string_view to_text(FrameFault fault) noexcept {
    switch (fault) {
        case FrameFault::not_this_protocol: return "the peer speaks something else";
        case FrameFault::other_version: return "the peer speaks another version";
        case FrameFault::unknown_type: return "a frame of an unknown type";
        case FrameFault::wrong_length: return "a frame of a wrong length";
        case FrameFault::wrong_value: return "a frame with a wrong value";
    }
    return "?";
}

bool FrameReader::hold(Bytes& input, std::size_t size) {
    auto missing = input.slice(0, size - std::min(size, held_.size()));
    held_ += missing.view();
    input = input.slice(missing.size());
    return held_.size() >= size;
}

std::expected<std::optional<Frame>, FrameFault> FrameReader::read(Bytes& input) {
    if (!greeted_) {
        greeted_ = hold(input, greeting.size());
        constexpr auto name = greeting.substr(0, greeting.size() - 1);
        auto held = std::string_view(held_).substr(0, name.size());
        if (held != name.substr(0, held.size())) return std::unexpected(FrameFault::not_this_protocol);
        if (!greeted_) return std::nullopt;
        if (held_ != greeting) return std::unexpected(FrameFault::other_version);
        held_.clear();
    }
    if (!hold(input, header_size)) return std::nullopt;
    auto header = header_of(std::string_view(held_).substr(0, header_size));
    if (!header) return std::unexpected(header.error());
    if (!hold(input, header_size + header->length)) return std::nullopt;
    auto frame = decode(*header, std::string_view(held_).substr(header_size));
    if (!frame) return std::unexpected(frame.error());
    held_.clear();
    return std::move(*frame);
}

}  // namespace bight::file_transfer
