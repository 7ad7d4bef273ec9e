// SPDX-License-Identifier: BSL-1.0
#include <bight/netdb.h>

#include <bight/error.h>

#include "blocking/c_text.h"
#include "blocking/or_raise.h"
#include "blocking/resolver_errors.h"
#include "sys/netdb.h"
#include "values/port.h"

#include <cerrno>

namespace bight::socket {
namespace {

/// "resolve 'nowhere'".
std::string about(const char* verb, std::string_view name) {
    return std::string(verb).append(" '").append(name).append("'");
}

/// The first address of `host`, by Python's rules for its special forms. Raises GaiError.
Address first_address(std::string_view host, Family family) {
    if (host == "<broadcast>" || host == "255.255.255.255") return Address::ip("255.255.255.255", 0);
    if (host.empty()) {
        auto any = getaddrinfo(std::nullopt, 0, {family, Kind::datagram, 0, AI_PASSIVE});
        if (any.size() > 1) throw OSError("wildcard resolved to multiple address");
        return any.front().address;
    }
    HostPort where(host, 0);
    if (const Address* numeric = where.address())
        if (family == Family::unspecified || numeric->family() == family) return *numeric;
    return getaddrinfo(host, {}, {.family = family}).front().address;
}

HostEntry entry_of(std::expected<sys::HostRecord, sys::HostFailure>&& found, Family family, std::string_view host) {
    if (!found) {
        if (found.error().errnum != 0) throw OSError(found.error().errnum, about("look up", host));
        throw HError(found.error().code, about("look up", host));
    }
    if (found->family != family) raise_os_error(EAFNOSUPPORT, about("look up", host));
    return {std::move(found->name), std::move(found->aliases), std::move(found->addresses)};
}

/// The value; where the database has no entry, OSError in Python's words, which have no number.
template <class T>
T found_or_raise(Result<T>&& found, const char* unknown) {
    if (!found && found.error().number() == ENOENT) throw OSError(unknown);
    return or_raise(std::move(found), unknown);
}

std::optional<std::string> if_given(std::optional<std::string_view> text) {
    return text ? std::optional(c_text(*text)) : std::nullopt;
}

const char* or_null(const std::optional<std::string>& text) { return text ? text->c_str() : nullptr; }

std::string_view stripped(std::string_view text) {
    constexpr const char* blanks = " \t\n\r\f\v";
    auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

// ---- Hosts. ------------------------------------------------------------------------------------------------------------

std::string gethostname() { return or_raise(sys::gethostname(), "gethostname"); }

void sethostname(std::string_view name) { or_raise(sys::sethostname(c_text(name)), "sethostname"); }

std::string gethostbyname(std::string_view host) { return first_address(host, Family::inet).host(); }

HostEntry gethostbyname_ex(std::string_view host) {
    require_host(host);
    // As in Python: a host without an address is the resolver's error, and not that of the older call.
    (void)first_address(host, Family::inet);
    return entry_of(sys::host_by_name(std::string(host).c_str(), Family::inet), Family::inet, host);
}

HostEntry gethostbyaddr(std::string_view host) {
    auto address = first_address(host, Family::unspecified);
    return entry_of(sys::host_by_address(address), address.family(), host);
}

std::string getfqdn(std::string_view host) {
    std::string name(stripped(host));
    if (name.empty() || name == "0.0.0.0" || name == "::") name = gethostname();
    HostEntry entry;
    try {
        entry = gethostbyaddr(name);
    } catch (const OSError&) {
        return name;
    }
    if (entry.name.find('.') != std::string::npos) return entry.name;
    for (auto& alias : entry.aliases)
        if (alias.find('.') != std::string::npos) return alias;
    return entry.name;
}

// ---- Services and protocols. -------------------------------------------------------------------------------------------

int getservbyname(std::string_view service, std::optional<std::string_view> protocol) {
    auto proto = if_given(protocol);
    return found_or_raise(sys::service_port(c_text(service).c_str(), or_null(proto)), "service/proto not found");
}

std::string getservbyport(int port, std::optional<std::string_view> protocol) {
    if (port < 0 || port > 65535) throw OverflowError("getservbyport: port must be 0-65535.");
    auto proto = if_given(protocol);
    return found_or_raise(sys::service_name(port, or_null(proto)), "port/proto not found");
}

int getprotobyname(std::string_view protocol) {
    return found_or_raise(sys::protocol_number(c_text(protocol).c_str()), "protocol not found");
}

// ---- From an address to text. ------------------------------------------------------------------------------------------

NameInfo getnameinfo(const Address& address, int flags) {
    auto found = sys::name_info(address, flags);
    if (!found) raise_resolver_error(found.error(), "name of " + address.to_string());
    return {std::move(found->host), std::move(found->service)};
}

}  // namespace bight::socket
