// SPDX-License-Identifier: BSL-1.0
#include <bight/proxy_protocol.h>

#include "values/ip_text.h"
#include "values/proxy_protocol/wire.h"

#include <algorithm>

namespace bight::proxy_protocol {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error("PROXY protocol: " + why); }

// ---- Version 1. --------------------------------------------------------------------------------------------------------

/// The next word of a line; a single blank stands behind each but the last.
std::string_view next_word(std::string_view& rest, bool is_last) {
    auto blank = rest.find(' ');
    if (is_last != (blank == rest.npos)) refuse("a line of the wrong number of words");
    auto word = rest.substr(0, blank);
    rest.remove_prefix(is_last ? rest.size() : blank + 1);
    return word;
}

int read_port(std::string_view digits) {
    auto port = ip_text::parse_number(digits, 65535);
    bool has_zeros = digits.size() > 1 && digits.front() == '0';
    if (!port || has_zeros) refuse("a port that is none");
    return static_cast<int>(*port);
}

Address read_address(std::string_view host, int port, bool is_inet6) {
    bool is_host = is_inet6 ? ip_text::parse_ipv6(host).has_value() : ip_text::parse_ipv4(host).has_value();
    if (!is_host) refuse("an address that is none");
    return Address::ip(host, port);
}

/// `rest` is what stands between "PROXY " and CRLF.
Header read_line(std::string_view rest) {
    Header header;
    header.version = 1;
    if (rest == "UNKNOWN" || rest.starts_with("UNKNOWN ")) return header;  // what else it says is to be ignored
    auto protocol = next_word(rest, false);
    if (protocol != "TCP4" && protocol != "TCP6") refuse("neither TCP4 nor TCP6 nor UNKNOWN");
    auto source = next_word(rest, false), destination = next_word(rest, false), source_port = next_word(rest, false);
    auto port = next_word(rest, true);
    header.source = read_address(source, read_port(source_port), protocol == "TCP6");
    header.destination = read_address(destination, read_port(port), protocol == "TCP6");
    return header;
}

// ---- Version 2. --------------------------------------------------------------------------------------------------------

template <class Host>
Address read_ip(std::string_view block, std::size_t host_at, std::size_t port_at) {
    Host host;
    for (std::size_t i = 0; i < host.size(); ++i) host[i] = static_cast<std::uint8_t>(byte_at(block, host_at + i));
    return Address::ip(ip_text::format(host), static_cast<int>(number_at(block, port_at, 2)));
}

/// What stands in a sun_path: a path up to its NUL, or an abstract name between the NUL that leads it and those that fill.
Address read_unix(std::string_view field) {
    auto last = field.find_last_not_of('\0');
    if (last == field.npos) return Address::unnamed();
    if (field.front() == '\0') return Address::abstract_name(field.substr(1, last));
    auto end = field.find('\0');
    if (end == field.npos) refuse("a path without an end");
    return Address::unix_path(field.substr(0, end));
}

/// How many bytes the addresses take.
std::size_t read_addresses(Header& header, unsigned family, std::string_view block) {
    std::size_t host = family == of_inet ? 4 : 16;
    std::size_t size = family == of_unix ? 2 * unix_field : 2 * host + 4;
    if (block.size() < size) refuse("addresses that are cut off");
    auto both = [&](auto read, std::size_t second, std::size_t port) {
        header.source = read(block, 0, port);
        header.destination = read(block, second, port + 2);
    };
    if (family == of_inet) {
        both(read_ip<ip_text::IPv4>, host, 2 * host);
    } else if (family == of_inet6) {
        both(read_ip<ip_text::IPv6>, host, 2 * host);
    } else {
        header.source = read_unix(block.substr(0, unix_field));
        header.destination = read_unix(block.substr(unix_field, unix_field));
    }
    return size;
}

/// Of the whole header, with zeros in the place of the sum.
std::uint32_t checksum_of(std::string_view bytes, std::size_t place) {
    auto before = crc32c(bytes.substr(0, place));
    return crc32c(bytes.substr(place + checksum_size), crc32c(std::string_view("\0\0\0\0", checksum_size), before));
}

void read_tlv(Header& header, std::string_view bytes, Tlv tlv, std::size_t place) {
    if (tlv.type == type::crc32c) {
        if (header.checksum || tlv.value.size() != checksum_size) refuse("a checksum of the wrong form");
        if (checksum_of(bytes, place) != number_at(tlv.value, 0, checksum_size)) refuse("a wrong checksum");
        header.checksum = true;
        return;
    }
    if (tlv.type == type::unique_id && tlv.value.size() > longest_unique_id) refuse("an id of more than 128 bytes");
    if (tlv.type == type::ssl && !Ssl::from_bytes(tlv.value)) refuse("what it says of TLS is malformed");
    header.tlvs.push_back(std::move(tlv));
}

/// `bytes` is all of it, and its first 16 were looked at.
Header read_binary(std::string_view bytes) {
    Header header;
    header.command = (byte_at(bytes, 12) & 0xf) == 0 ? Command::local : Command::proxy;
    if (header.command == Command::local) return header;  // its block is to be discarded, whatever it says
    unsigned family = byte_at(bytes, 13) >> 4, kind = byte_at(bytes, 13) & 0xf;
    if (family == of_unspecified || kind == of_unspecified) return header;
    header.kind = kind == of_stream ? Kind::stream : Kind::datagram;
    auto place = fixed_size + read_addresses(header, family, bytes.substr(fixed_size));
    while (place < bytes.size()) {
        if (bytes.size() - place < tlv_head) refuse("an item that is cut off");
        auto size = number_at(bytes, place + 1, 2);
        if (bytes.size() - place - tlv_head < size) refuse("an item that is cut off");
        Tlv tlv{static_cast<std::uint8_t>(bytes[place]), std::string(bytes.substr(place + tlv_head, size))};
        read_tlv(header, bytes, std::move(tlv), place + tlv_head);
        place += tlv_head + size;
    }
    return header;
}

void require_known(unsigned version_and_command) {
    if (version_and_command >> 4 != 2) refuse("version " + std::to_string(version_and_command >> 4));
    if ((version_and_command & 0xf) > 1) refuse("an unknown command");
}

void require_known(unsigned version_and_command, unsigned family_and_kind) {
    bool is_local = (version_and_command & 0xf) == 0;
    if (is_local) return;
    if (family_and_kind >> 4 > of_unix) refuse("an unknown family");
    if ((family_and_kind & 0xf) > of_datagram) refuse("an unknown kind");
}

}  // namespace

// ---- The parser. -------------------------------------------------------------------------------------------------------

Parser::Parser(std::size_t limit) : limit_(limit) {
    if (limit < fixed_size) throw ValueError("no header of version 2 has less than 16 bytes");
}

std::size_t Parser::wanted() const noexcept {
    constexpr std::size_t shortest_line = 15;  // "PROXY UNKNOWN\r\n"
    switch (state_) {
        case State::beginning: return shortest_line - bytes_.size();
        case State::line: {
            if (bytes_.size() < shortest_line) return shortest_line - bytes_.size();
            return bytes_.ends_with('\r') ? 1 : 2;
        }
        case State::binary: return size_ - bytes_.size();
        default: return 0;
    }
}

const Header& Parser::header() const {
    if (!done()) throw BusyError("the header has not come yet");
    return header_;
}

std::size_t Parser::feed(Bytes data) {
    if (state_ == State::failed) refuse("it was refused before");
    try {
        std::size_t taken = 0;
        while (!done() && taken < data.size()) taken += take(data.slice(taken));
        return taken;
    } catch (...) {
        state_ = State::failed;
        throw;
    }
}

std::size_t Parser::take(Bytes data) {
    switch (state_) {
        case State::beginning: begin(data); return 1;
        case State::line: return take_line(data);
        default: return take_binary(data);
    }
}

/// Byte by byte, as long as it may be either.
void Parser::begin(Bytes data) {
    bytes_ += data.view().front();
    if (line_begin.starts_with(bytes_)) {
        if (bytes_ == line_begin) state_ = State::line;
    } else if (signature.starts_with(bytes_)) {
        if (bytes_ == signature) state_ = State::binary;
    } else {
        refuse("not a header");
    }
}

std::size_t Parser::take_line(Bytes data) {
    auto text = data.view().substr(0, longest_line - bytes_.size());
    // Both of them end it: a CR that is followed by something else, and an LF alone, are refused.
    auto end = bytes_.ends_with('\r') ? 0 : text.find_first_of("\r\n");
    auto size = end == text.npos ? text.size() : end + 1;
    bool after_cr = bytes_.ends_with('\r');
    bytes_ += text.substr(0, size);
    char last = bytes_.back();
    if ((last == '\n') != after_cr) refuse("a line that does not end in CRLF");
    if (after_cr) {
        auto begin = line_begin.size();
        header_ = read_line(std::string_view(bytes_).substr(begin, bytes_.size() - begin - 2));
        state_ = State::done;
    } else if (bytes_.size() == longest_line) {
        refuse("a line of more than 107 bytes");
    }
    return size;
}

std::size_t Parser::take_binary(Bytes data) {
    auto size = bytes_.size() < fixed_size ? 1 : std::min(size_ - bytes_.size(), data.size());
    bytes_ += data.view().substr(0, size);
    switch (bytes_.size()) {  // what is wrong with the fixed part is seen as it comes
        case 13: require_known(byte_at(bytes_, 12)); break;
        case 14: require_known(byte_at(bytes_, 12), byte_at(bytes_, 13)); break;
        case fixed_size:
            size_ = fixed_size + number_at(bytes_, 14, 2);
            if (size_ > limit_) refuse("a header of " + std::to_string(size_) + " bytes");
            break;
        default: break;
    }
    if (bytes_.size() == size_) {
        header_ = read_binary(bytes_);
        state_ = State::done;
    }
    return size;
}

}  // namespace bight::proxy_protocol
