// SPDX-License-Identifier: BSL-1.0
#include <bight/address.h>

#include <bight/error.h>

#include "values/address_access.h"
#include "values/ip_text.h"
#include "values/load.h"
#include "values/port.h"
#include "values/sockaddr_layout.h"

#include <cerrno>
#include <cstring>
#include <ostream>

namespace bight {
namespace {

// The raw bytes are a sockaddr, of which this layer knows the layout alone.
template <class T>
void store(std::byte* bytes, std::size_t offset, const T& value) noexcept {
    std::memcpy(bytes + offset, &value, sizeof value);
}

/// Numbers of the network's order, byte by byte.
std::uint32_t from_network(const std::array<std::uint8_t, 4>& b) noexcept {
    return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

void store_port(std::byte* bytes, int port) noexcept {
    store(bytes, layout::port,
          std::array{static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port & 0xff)});
}

Address make_inet(const ip_text::IPv4& host, int port) {
    Address address;
    auto* bytes = AddressAccess::reset(address, Family::inet, layout::inet_size);
    store_port(bytes, port);
    store(bytes, layout::inet_host, host);
    return address;
}

Address make_inet6(const ip_text::IPv6& host, int port, std::uint32_t flow, std::uint32_t scope) {
    Address address;
    auto* bytes = AddressAccess::reset(address, Family::inet6, layout::inet6_size);
    store_port(bytes, port);
    store(bytes, layout::inet6_flow,
          std::array{static_cast<std::uint8_t>(flow >> 24), static_cast<std::uint8_t>(flow >> 16 & 0xff),
                     static_cast<std::uint8_t>(flow >> 8 & 0xff), static_cast<std::uint8_t>(flow & 0xff)});
    store(bytes, layout::inet6_host, host);
    store(bytes, layout::inet6_scope, scope);
    return address;
}

Address make_unix(Bytes path, bool abstract) {
    if (path.size() > layout::unix_path_max) raise_os_error(ENAMETOOLONG, "AF_UNIX path too long");
    Address address;
    // A path is closed by a NUL that counts, an abstract name is led by one: one byte more in both cases.
    auto* bytes = AddressAccess::reset(address, Family::unix_domain, layout::unix_path + path.size() + 1);
    if (!path.empty()) std::memcpy(bytes + layout::unix_path + (abstract ? 1 : 0), path.data(), path.size());
    return address;
}

ip_text::IPv4 host4(const Address& address) { return load<ip_text::IPv4>(address.sockaddr(), layout::inet_host); }
ip_text::IPv6 host6(const Address& address) { return load<ip_text::IPv6>(address.sockaddr(), layout::inet6_host); }

bool is_mapped(const ip_text::IPv6& host) {
    for (std::size_t i = 0; i < 10; ++i)
        if (host[i] != 0) return false;
    return host[10] == 0xff && host[11] == 0xff;
}

bool all_zero_but_last(const ip_text::IPv6& host, std::uint8_t last) {
    for (std::size_t i = 0; i < 15; ++i)
        if (host[i] != 0) return false;
    return host[15] == last;
}

}  // namespace

// ---- Making one. -------------------------------------------------------------------------------------------------------

Address Address::ip(std::string_view host, int port) {
    require_port(port);
    if (auto v4 = ip_text::parse_ipv4(host)) return make_inet(*v4, port);
    auto percent = host.find('%');
    auto v6 = ip_text::parse_ipv6(host.substr(0, percent));
    if (!v6) throw ValueError("'" + std::string(host) + "' is no IPv4 or IPv6 address");
    if (percent == host.npos) return make_inet6(*v6, port, 0, 0);
    auto scope = ip_text::parse_number(host.substr(percent + 1), UINT32_MAX);
    if (!scope) throw ValueError("'" + std::string(host) + "' has a scope that is no number");
    return make_inet6(*v6, port, 0, *scope);
}

Address Address::inet6(std::string_view host, int port, std::uint32_t flow_info, std::uint32_t scope_id) {
    require_port(port);
    if (flow_info > 0xfffff) throw OverflowError("flowinfo must be 0-1048575.");
    auto v6 = ip_text::parse_ipv6(host);
    if (!v6) throw ValueError("'" + std::string(host) + "' is no IPv6 address");
    return make_inet6(*v6, port, flow_info, scope_id);
}

Address Address::unix_path(Bytes path) {
    if (path.empty()) throw ValueError("empty path of a Unix socket");
    if (path.view().find('\0') != std::string_view::npos) throw ValueError("NUL in the path of a Unix socket");
    return make_unix(path, false);
}

Address Address::abstract_name(Bytes name) { return make_unix(name, true); }

Address Address::unnamed() {
    Address address;
    AddressAccess::reset(address, Family::unix_domain, layout::unix_path);
    return address;
}

Address Address::from_sockaddr(Bytes sockaddr) {
    if (sockaddr.size() < 2 || sockaddr.size() > max_size) throw ValueError("a sockaddr has 2 to 128 bytes");
    Address address;
    std::memcpy(AddressAccess::memory(address), sockaddr.data(), sockaddr.size());
    AddressAccess::filled(address, sockaddr.size());
    return address;
}

Address Address::parse(std::string_view text) {
    if (text.starts_with('/') || text.starts_with("./")) return unix_path(text);
    if (text.starts_with('@')) return abstract_name(text.substr(1));
    auto where = HostPort::parse(text);
    if (where.host().empty()) throw ValueError("'" + std::string(text) + "' has no host");
    if (!where.address()) throw ValueError("'" + where.host() + "' is no IPv4 or IPv6 address");
    return *where.address();
}

// ---- Its parts. --------------------------------------------------------------------------------------------------------

Family Address::family() const noexcept { return load<std::uint16_t>(sockaddr(), layout::family); }

std::string Address::host() const {
    if (family() == Family::inet) return ip_text::format(host4(*this));
    if (family() != Family::inet6) return {};
    auto text = ip_text::format(host6(*this));
    if (scope_id() != 0) text += '%' + std::to_string(scope_id());
    return text;
}

int Address::port() const noexcept {
    if (family() != Family::inet && family() != Family::inet6) return 0;
    auto bytes = load<std::array<std::uint8_t, 2>>(sockaddr(), layout::port);
    return bytes[0] << 8 | bytes[1];
}

std::uint32_t Address::flow_info() const noexcept {
    if (family() != Family::inet6) return 0;
    return from_network(load<std::array<std::uint8_t, 4>>(sockaddr(), layout::inet6_flow));
}

std::uint32_t Address::scope_id() const noexcept {
    return family() == Family::inet6 ? load<std::uint32_t>(sockaddr(), layout::inet6_scope) : 0;
}

std::string Address::path() const {
    if (family() != Family::unix_domain) return {};
    auto path = sockaddr().slice(layout::unix_path).view();
    if (!path.empty() && path.front() != '\0') path = path.substr(0, path.find('\0'));
    return std::string(path);
}

bool Address::is_loopback() const noexcept {
    if (family() == Family::unix_domain) return true;
    if (family() == Family::inet) return host4(*this)[0] == 127;
    if (family() != Family::inet6) return false;
    auto host = host6(*this);
    return all_zero_but_last(host, 1) || (is_mapped(host) && host[12] == 127);
}

bool Address::is_any() const noexcept {
    if (family() == Family::inet) return host4(*this) == ip_text::IPv4{};
    return family() == Family::inet6 && host6(*this) == ip_text::IPv6{};
}

Address Address::with_port(int port) const {
    require_port(port);
    if (family() != Family::inet && family() != Family::inet6)
        throw ValueError("an address of family " + family().to_string() + " has no port");
    Address changed = *this;
    store_port(AddressAccess::memory(changed), port);
    return changed;
}

std::string Address::to_string() const {
    if (family() == Family::inet) return host() + ':' + std::to_string(port());
    if (family() == Family::inet6) return '[' + host() + "]:" + std::to_string(port());
    if (family() == Family::unix_domain) {
        auto path = this->path();
        if (path.empty()) return "(unnamed)";
        if (path.front() == '\0')
            path.front() = '@';
        else if (path.front() != '/')
            path.insert(0, "./");  // "@x" alone would be an abstract name
        return path;
    }
    return size_ == 0 ? "(none)" : "(" + family().to_string() + ')';
}

std::strong_ordering operator<=>(const Address& a, const Address& b) noexcept {
    if (auto order = a.family().value <=> b.family().value; order != 0) return order;
    if (a.family() == Family::inet || a.family() == Family::inet6) {  // by host, then by port
        std::size_t host = a.family() == Family::inet ? layout::inet_host : layout::inet6_host;
        std::size_t size = a.family() == Family::inet ? 4 : 16;
        if (auto order = a.sockaddr().slice(host, size) <=> b.sockaddr().slice(host, size); order != 0) return order;
    }
    return a.sockaddr() <=> b.sockaddr();
}

std::ostream& operator<<(std::ostream& out, const Address& address) { return out << address.to_string(); }

}  // namespace bight
