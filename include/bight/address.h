// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>
#include <bight/family.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace bight {

/// The numeric address of a socket: a value, without system calls, trivially copied.
///
/// IPv4, IPv6 with scope and flow, a Unix path, an abstract or unnamed Unix address, or the bytes of any sockaddr.
/// Text is strict, by the rules of inet_pton(3): no octal, no blanks, no missing octets. Names are for HostPort.
class Address {
public:
    /// sizeof(sockaddr_storage).
    static constexpr std::size_t max_size = 128;

    /// The address of nothing: family() is unspecified.
    constexpr Address() noexcept {
        if consteval {
            storage_.fill(std::byte{});
        }
    }

    // ---- Making one. Raises ValueError for bad text, OverflowError for a number out of range. -------------------------

    /// IPv4 or IPv6 by what `host` looks like. IPv6 may carry a numeric scope: "fe80::1%3".
    static Address ip(std::string_view host, int port);

    /// As ip(), with the flow label (20 bits) and scope of RFC 3493 for IPv6; raises ValueError for IPv4 text.
    static Address inet6(std::string_view host, int port, std::uint32_t flow_info, std::uint32_t scope_id);

    /// A path of the file system, at most 107 bytes; raises OSError (ENAMETOOLONG) for more, ValueError for a NUL or
    /// for none at all.
    static Address unix_path(Bytes path);

    /// A name of Linux' abstract space (unix(7)), without the NUL that leads it; at most 107 bytes of any value.
    static Address abstract_name(Bytes name);

    /// What an unbound Unix socket has. Binding to it makes the kernel choose an abstract name.
    static Address unnamed();

    /// The bytes of a sockaddr of any family; raises ValueError for fewer than 2 or more than max_size.
    static Address from_sockaddr(Bytes sockaddr);

    /// What to_string() writes: "10.0.0.1:80", "[::1]:80", "/run/x", "@abstract".
    static Address parse(std::string_view text);

    // ---- Its parts. ---------------------------------------------------------------------------------------------------

    Family family() const noexcept;

    /// "10.0.0.1", "fe80::1%3"; empty for families without hosts.
    std::string host() const;

    /// 0 for families without ports.
    int port() const noexcept;

    std::uint32_t flow_info() const noexcept;
    std::uint32_t scope_id() const noexcept;

    /// The path of a Unix address, or its abstract name with the NUL that leads it, as in Python. Empty otherwise.
    std::string path() const;

    /// True for 127.0.0.0/8 and ::1 (mapped form included), and for every Unix address.
    bool is_loopback() const noexcept;

    /// True for 0.0.0.0 and ::.
    bool is_any() const noexcept;

    /// The same host with another port; raises OverflowError, and ValueError for families without ports.
    Address with_port(int port) const;

    std::string to_string() const;

    /// The bytes of the sockaddr, as bind(2) takes them.
    Bytes sockaddr() const noexcept { return {storage_.data(), size_}; }

    friend bool operator==(const Address& a, const Address& b) noexcept { return a.sockaddr() == b.sockaddr(); }
    friend std::strong_ordering operator<=>(const Address& a, const Address& b) noexcept;

private:
    friend struct AddressAccess;  // lets the kernel write into the storage

    alignas(8) std::array<std::byte, max_size> storage_;  // what is behind size_ is never looked at, nor cleared
    std::uint32_t size_ = 0;
};

std::ostream& operator<<(std::ostream& out, const Address& address);

/// A host, by name or number, and a port: what bind, connect and create_… take, and resolve.
///
/// "" is any address, "<broadcast>" is 255.255.255.255, as in Python. An Address converts to one and is then used as
/// it is, so that a Unix address may stand here too.
class HostPort {
public:
    /// Raises OverflowError for a port outside 0..65535; ValueError for a host with a NUL, or longer than 253 bytes.
    HostPort(std::string_view host, int port);

    HostPort(const Address& address) : address_(address), numeric_(true) {}

    /// "host:port", "[v6]:port", ":port"; raises ValueError.
    static HostPort parse(std::string_view text);

    std::string host() const { return numeric_ ? address_.host() : host_; }
    int port() const noexcept { return numeric_ ? address_.port() : port_; }

    /// The address, where no resolver is needed to know it: it was made from one, or its host is a number.
    const Address* address() const noexcept { return numeric_ ? &address_ : nullptr; }

    std::string to_string() const;

private:
    std::string host_;
    int port_ = 0;
    Address address_;
    bool numeric_ = false;
};

std::ostream& operator<<(std::ostream& out, const HostPort& where);

}  // namespace bight

template <>
struct std::hash<bight::Address> {
    std::size_t operator()(const bight::Address& address) const noexcept {
        return std::hash<std::string_view>{}(address.sockaddr().view());
    }
};
