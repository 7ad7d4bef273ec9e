// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <iosfwd>
#include <string>

namespace bight {

/// An address family, AF_… of the platform. Any int converts to it, so that the platform's constants work as they
/// are; unknown numbers are kept, and print as numbers.
struct Family {
    int value = 0;

    constexpr Family() noexcept = default;
    constexpr Family(int number) noexcept : value(number) {}

    static const Family unspecified, inet, inet6, unix_domain, netlink, packet, vsock;

    /// "AF_INET".
    std::string to_string() const;

    friend constexpr bool operator==(Family, Family) noexcept = default;
};

inline constexpr Family Family::unspecified{0};
inline constexpr Family Family::unix_domain{1};
inline constexpr Family Family::inet{2};
inline constexpr Family Family::inet6{10};
inline constexpr Family Family::netlink{16};
inline constexpr Family Family::packet{17};
inline constexpr Family Family::vsock{40};

/// A kind of socket, SOCK_… of the platform, without the NONBLOCK and CLOEXEC bits.
struct Kind {
    int value = 0;

    constexpr Kind() noexcept = default;
    constexpr Kind(int number) noexcept : value(number) {}

    static const Kind stream, datagram, raw, rdm, seqpacket;

    /// "SOCK_STREAM".
    std::string to_string() const;

    friend constexpr bool operator==(Kind, Kind) noexcept = default;
};

inline constexpr Kind Kind::stream{1};
inline constexpr Kind Kind::datagram{2};
inline constexpr Kind Kind::raw{3};
inline constexpr Kind Kind::rdm{4};
inline constexpr Kind Kind::seqpacket{5};

std::ostream& operator<<(std::ostream& out, Family family);
std::ostream& operator<<(std::ostream& out, Kind kind);

}  // namespace bight
