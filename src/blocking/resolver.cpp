// SPDX-License-Identifier: BSL-1.0
#include <bight/resolver.h>

#include <bight/error.h>

#include "blocking/resolve_one.h"
#include "blocking/resolver_errors.h"
#include "sys/resolve.h"
#include "values/port.h"

#include <algorithm>

namespace bight {
namespace {

bool has_blank_or_control(std::string_view host) {
    return std::ranges::any_of(host, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

[[noreturn]] void raise(sys::ResolveError error, std::string_view host) {
    raise_resolver_error(error, "resolve '" + std::string(host) + "'");
}

}  // namespace

namespace socket {

Service::Service(int port) : name_(std::to_string(port)), given_(true) { require_port(port); }

std::vector<AddrInfo> getaddrinfo(std::optional<std::string_view> host, const Service& service,
                                  const AddrInfoOptions& options) {
    std::string name(host.value_or(""));
    require_host(name);
    if (has_blank_or_control(name)) raise({EAI_NONAME, 0}, name);  // no name: no name server is asked about it
    if (service.name() && service.name()->find('\0') != std::string::npos) throw ValueError("NUL in a service name");
    auto found = sys::resolve(host ? name.c_str() : nullptr, service.name() ? service.name()->c_str() : nullptr,
                              options);
    if (!found) raise(found.error(), !host && service.name() ? *service.name() : name);
    return std::move(*found);
}

}  // namespace socket

Address resolve_one(const HostPort& where, Family family) {
    if (const Address* address = where.address()) {
        // Python, too, takes IPv4 text for an IPv6 socket to be a mistake.
        if (address->family() == family) return *address;
        throw GaiError(EAI_ADDRFAMILY, "'" + address->to_string() + "' on a socket of family " + family.to_string());
    }
    auto host = where.host();
    if (host == "<broadcast>" && family == Family::inet) return Address::ip("255.255.255.255", where.port());
    // The resolver is asked for neither kind, protocol nor service: it knows few of those that sockets have.
    if (host.empty()) {
        auto any = socket::getaddrinfo(std::nullopt, 0, {family, Kind::datagram, 0, AI_PASSIVE});
        return any.front().address.with_port(where.port());
    }
    require_name(host);
    return socket::getaddrinfo(host, {}, {.family = family}).front().address.with_port(where.port());
}

}  // namespace bight
