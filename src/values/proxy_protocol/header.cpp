// SPDX-License-Identifier: BSL-1.0
#include <bight/proxy_protocol.h>

#include "values/proxy_protocol/wire.h"
#include "values/sockaddr_layout.h"

#include <algorithm>
#include <array>
#include <span>

namespace bight::proxy_protocol {
namespace {

constexpr std::uint32_t castagnoli = 0x82f63b78;  // reflected

constexpr auto crc_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        table[i] = i;
        for (int bit = 0; bit < 8; ++bit) table[i] = table[i] >> 1 ^ (table[i] & 1 ? castagnoli : 0);
    }
    return table;
}();

std::optional<std::string_view> first(std::span<const Tlv> tlvs, std::uint8_t type) noexcept {
    auto found = std::ranges::find(tlvs, type, &Tlv::type);
    if (found == tlvs.end()) return std::nullopt;
    return found->value;
}

void add_tlv(std::string& bytes, std::uint8_t type, std::string_view value) {
    if (value.size() > 0xffff) throw ValueError("an item holds at most 65535 bytes");
    bytes += static_cast<char>(type);
    add_number(bytes, static_cast<std::uint32_t>(value.size()), 2);
    bytes += value;
}

std::string_view part(const Address& address, std::size_t place, std::size_t size) {
    return address.sockaddr().view().substr(place, size);
}

/// In the 108 bytes of a sun_path.
std::string unix_bytes(const Address& address) {
    std::string field = address.path();
    if (field.size() > unix_field) throw ValueError("a name too long for a header");
    field.resize(unix_field, '\0');
    return field;
}

/// The fourteenth byte, and what follows the size.
struct Block {
    unsigned family_and_kind = 0;
    std::string bytes;
};

Block block_of(const Header& header) {
    if (!header.has_client()) return {};
    const auto &from = header.source, &to = header.destination;
    if (from.family() != to.family()) throw ValueError("the addresses of a header are of one family");
    unsigned kind = header.kind == Kind::datagram ? of_datagram : of_stream;
    auto ip = [&](unsigned family, std::size_t host_at, std::size_t host_size) -> Block {
        std::string bytes(part(from, host_at, host_size));
        ((bytes += part(to, host_at, host_size)) += part(from, layout::port, 2)) += part(to, layout::port, 2);
        return {family << 4 | kind, std::move(bytes)};
    };
    if (from.family() == Family::inet) return ip(of_inet, layout::inet_host, 4);
    if (from.family() == Family::inet6) return ip(of_inet6, layout::inet6_host, 16);
    if (from.family() == Family::unix_domain) return {of_unix << 4 | kind, unix_bytes(from) + unix_bytes(to)};
    return {};
}

std::string to_binary(const Header& header) {
    auto [family_and_kind, block] = block_of(header);
    for (const auto& [type, value] : header.tlvs) {
        if (type == type::crc32c) throw ValueError("the checksum is added by to_bytes()");
        if (type == type::unique_id && value.size() > longest_unique_id)
            throw ValueError("a unique id has at most 128 bytes");
        add_tlv(block, type, value);
    }
    if (header.checksum) add_tlv(block, type::crc32c, std::string_view("\0\0\0\0", checksum_size));
    if (block.size() > 0xffff) throw ValueError("a header holds at most 65551 bytes");
    std::string bytes(signature);
    bytes += static_cast<char>(header.command == Command::local ? 0x20 : 0x21);
    bytes += static_cast<char>(family_and_kind);
    add_number(bytes, static_cast<std::uint32_t>(block.size()), 2);
    bytes += block;
    if (header.checksum) {
        auto sum = crc32c(bytes);
        bytes.resize(bytes.size() - checksum_size);
        add_number(bytes, sum, checksum_size);
    }
    return bytes;
}

std::string_view host_without_scope(std::string_view host) { return host.substr(0, host.find('%')); }

std::string to_line(const Header& header) {
    if (!header.tlvs.empty() || header.checksum) throw ValueError("version 1 says nothing but addresses");
    auto family = header.source.family();
    bool is_ip = family == Family::inet || family == Family::inet6;
    if (!header.has_client() || !is_ip || header.kind != Kind::stream) return "PROXY UNKNOWN\r\n";
    if (header.destination.family() != family) throw ValueError("the addresses of a header are of one family");
    std::string line = family == Family::inet ? "PROXY TCP4 " : "PROXY TCP6 ";
    for (const auto* address : {&header.source, &header.destination})
        (line += host_without_scope(address->host())) += ' ';
    return line + std::to_string(header.source.port()) + ' ' + std::to_string(header.destination.port()) + "\r\n";
}

}  // namespace

std::uint32_t crc32c(Bytes data, std::uint32_t before) noexcept {
    std::uint32_t sum = ~before;
    for (auto byte : data) sum = sum >> 8 ^ crc_table[(sum ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
    return ~sum;
}

std::string Ssl::to_bytes() const {
    std::string bytes(1, static_cast<char>(client));
    add_number(bytes, verify, 4);
    for (const auto& [part_type, value] : parts) add_tlv(bytes, part_type, value);
    if (bytes.size() > 0xffff) throw ValueError("an item holds at most 65535 bytes");
    return bytes;
}

std::optional<Ssl> Ssl::from_bytes(Bytes value) {
    auto bytes = value.view();
    if (bytes.size() < 5) return std::nullopt;
    Ssl ssl{static_cast<std::uint8_t>(bytes[0]), number_at(bytes, 1, 4), {}};
    bytes.remove_prefix(5);
    while (!bytes.empty()) {
        if (bytes.size() < tlv_head) return std::nullopt;
        auto size = number_at(bytes, 1, 2);
        if (bytes.size() - tlv_head < size) return std::nullopt;
        ssl.parts.push_back({static_cast<std::uint8_t>(bytes[0]), std::string(bytes.substr(tlv_head, size))});
        bytes.remove_prefix(tlv_head + size);
    }
    return ssl;
}

std::optional<std::string_view> Ssl::value_of(std::uint8_t part_type) const noexcept { return first(parts, part_type); }
std::optional<std::string_view> Header::value_of(std::uint8_t tlv) const noexcept { return first(tlvs, tlv); }

std::optional<Ssl> Header::ssl() const {
    auto value = value_of(type::ssl);
    return value ? Ssl::from_bytes(*value) : std::nullopt;
}

std::string Header::to_bytes() const {
    if (version != 1 && version != 2) throw ValueError("versions of the PROXY protocol are 1 and 2");
    return version == 1 ? to_line(*this) : to_binary(*this);
}

}  // namespace bight::proxy_protocol
