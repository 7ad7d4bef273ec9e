// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/proxy_protocol.h>

#include <cstddef>
#include <string>
#include <string_view>

// The bytes of version 2, for reader and writer.
namespace bight::proxy_protocol {

inline constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
inline constexpr std::string_view line_begin = "PROXY ";
inline constexpr std::size_t fixed_size = 16;  // signature, version and command, family and kind, size of the rest
inline constexpr std::size_t tlv_head = 3;
inline constexpr std::size_t checksum_size = 4;
inline constexpr std::size_t longest_unique_id = 128;
inline constexpr std::size_t unix_field = 108;

/// Codes of the fourteenth byte.
inline constexpr unsigned of_unspecified = 0, of_inet = 1, of_inet6 = 2, of_unix = 3;
inline constexpr unsigned of_stream = 1, of_datagram = 2;

inline unsigned byte_at(std::string_view bytes, std::size_t place) { return static_cast<unsigned char>(bytes[place]); }

/// Big-endian.
inline std::uint32_t number_at(std::string_view bytes, std::size_t place, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | byte_at(bytes, place + i);
    return value;
}

inline void add_number(std::string& bytes, std::uint32_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace bight::proxy_protocol
