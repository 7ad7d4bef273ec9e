// SPDX-License-Identifier: BSL-1.0
#include <bight/inet.h>

#include <bight/error.h>

#include "blocking/c_text.h"
#include "sys/netdb.h"
#include "values/ip_text.h"

#include <cerrno>
#include <cstring>

namespace bight::socket {
namespace {

Buffer buffer_of(const auto& packed) { return Buffer::copy_of(std::as_bytes(std::span(packed))); }

template <class Packed>
Packed unpacked(Bytes bytes) {
    Packed packed;
    if (bytes.size() != packed.size()) throw ValueError("invalid length of packed IP address string");
    std::memcpy(packed.data(), bytes.data(), packed.size());
    return packed;
}

template <class Packed>
Buffer packed_or_raise(const std::optional<Packed>& parsed) {
    if (!parsed) throw OSError("illegal IP address string passed to inet_pton");
    return buffer_of(*parsed);
}

}  // namespace

Buffer inet_aton(std::string_view text) {
    auto packed = sys::loose_ipv4(c_text(text).c_str());
    if (!packed) throw OSError("illegal IP address string passed to inet_aton");
    return buffer_of(*packed);
}

std::string inet_ntoa(Bytes packed) {
    if (packed.size() != 4) throw OSError("packed IP wrong length for inet_ntoa");
    return ip_text::format(unpacked<ip_text::IPv4>(packed));
}

Buffer inet_pton(Family family, std::string_view text) {
    auto checked = c_text(text);
    if (family == Family::inet) return packed_or_raise(ip_text::parse_ipv4(checked));
    if (family == Family::inet6) return packed_or_raise(ip_text::parse_ipv6(checked));
    raise_os_error(EAFNOSUPPORT, "inet_pton");
}

std::string inet_ntop(Family family, Bytes packed) {
    if (family == Family::inet) return ip_text::format(unpacked<ip_text::IPv4>(packed));
    if (family == Family::inet6) return ip_text::format(unpacked<ip_text::IPv6>(packed));
    throw ValueError("unknown address family " + std::to_string(family.value));
}

}  // namespace bight::socket
