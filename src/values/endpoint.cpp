// SPDX-License-Identifier: BSL-1.0
#include <bight/endpoint.h>

#include <bight/error.h>

#include "values/ip_text.h"
#include "values/port.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>

namespace bight {
namespace {

struct SchemeName {
    Scheme scheme;
    std::string_view name;
};

constexpr std::array scheme_names{
    SchemeName{Scheme::tcp, "tcp"},
    SchemeName{Scheme::udp, "udp"},
    SchemeName{Scheme::tls, "tls"},
    SchemeName{Scheme::unix_stream, "unix"},
    SchemeName{Scheme::unix_datagram, "unixgram"},
    SchemeName{Scheme::fd, "fd"},
    SchemeName{Scheme::systemd, "systemd"},
    SchemeName{Scheme::stdio, "stdio"},
};

bool has_host(Scheme scheme) { return scheme == Scheme::tcp || scheme == Scheme::udp || scheme == Scheme::tls; }

/// The text between two colons that no backslash guards; colons in brackets belong to an IPv6 address.
class Fields {
public:
    explicit Fields(std::string_view text) : text_(text) {}

    bool done() const { return position_ > text_.size(); }

    std::string next() {
        std::string field;
        bool bracketed = false;
        for (; position_ < text_.size(); ++position_) {
            char c = text_[position_];
            if (c == '\\' && position_ + 1 < text_.size()) {
                field += text_[++position_];
                continue;
            }
            if (c == ':' && !bracketed) break;
            if (c == '[') bracketed = true;
            if (c == ']') bracketed = false;
            field += c;
        }
        ++position_;  // past the colon, or past the end
        return field;
    }

private:
    std::string_view text_;
    std::size_t position_ = 0;
};

std::optional<Scheme> scheme_of(std::string_view name) {
    auto found = std::ranges::find(scheme_names, name, &SchemeName::name);
    if (found == scheme_names.end()) return std::nullopt;
    return found->scheme;
}

bool is_number(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

int number(std::string_view text, const char* what) {
    if (!is_number(text)) throw ValueError("'" + std::string(text) + "' is no " + what);
    auto value = ip_text::parse_number(text, 1u << 20);
    if (!value) throw OverflowError("'" + std::string(text) + "' is too large for a " + what);
    return static_cast<int>(*value);
}

std::string unbracketed(std::string_view host) {
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
        return std::string(host.substr(1, host.size() - 2));
    auto quoted = [&] { return "'" + std::string(host) + "'"; };
    if (host.find_first_of("[]:") != host.npos) throw ValueError(quoted() + ": brackets go around an IPv6 address");
    for (char c : host)
        if (c == '/' || c == ' ' || static_cast<unsigned char>(c) < 0x20) throw ValueError(quoted() + " is no host");
    return std::string(host);
}

void read_host_and_port(Endpoint& endpoint, Fields& fields) {
    std::string first = fields.next();
    if (!is_number(first)) {  // digits alone are a port
        endpoint.host = unbracketed(first);
        if (fields.done()) throw ValueError("no port behind '" + endpoint.host + "'");
        first = fields.next();
    }
    endpoint.port = number(first, "port");
    require_port(endpoint.port);
    require_host(endpoint.host);
}

void read_options(Endpoint& endpoint, Fields& fields) {
    while (!fields.done()) {
        std::string option = fields.next();
        auto equals = option.find('=');
        if (equals == option.npos || equals == 0) throw ValueError("'" + option + "' is no key=value");
        endpoint.options.emplace_back(option.substr(0, equals), option.substr(equals + 1));
    }
}

std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == ':' || c == '\\' || c == '[' || c == ']') out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

Endpoint Endpoint::parse(std::string_view text) {
    if (text.find('\0') != text.npos) throw ValueError("NUL in an endpoint");
    Endpoint endpoint;
    auto colon = text.find(':');
    auto scheme = scheme_of(text.substr(0, colon));
    if (scheme) {
        if (colon == text.npos) throw ValueError("'" + std::string(text) + "': nothing behind the scheme");
        endpoint.scheme = *scheme;
        text.remove_prefix(colon + 1);
        if (has_host(*scheme) && text.starts_with("//")) text.remove_prefix(2);
        if (*scheme == Scheme::unix_stream && text.starts_with("///")) text.remove_prefix(2);
    }
    Fields fields(text);
    switch (endpoint.scheme) {
        case Scheme::tcp:
        case Scheme::udp:
        case Scheme::tls: read_host_and_port(endpoint, fields); break;
        case Scheme::unix_stream:
        case Scheme::unix_datagram:
        case Scheme::systemd:
            endpoint.path = fields.next();
            if (endpoint.path.empty()) throw ValueError("nothing behind the scheme");
            break;
        case Scheme::fd: endpoint.fd = number(fields.next(), "descriptor"); break;
        case Scheme::stdio:
            if (!fields.next().empty()) throw ValueError("'stdio:' stands alone");
            break;
    }
    read_options(endpoint, fields);
    return endpoint;
}

std::string Endpoint::to_string() const {
    auto name = std::ranges::find(scheme_names, scheme, &SchemeName::scheme)->name;
    std::string text = std::string(name) + ':';
    if (has_host(scheme)) {
        bool brackets = host.find(':') != host.npos;
        if (!host.empty()) text += (brackets ? '[' + host + ']' : escaped(host)) + ':';
        text += std::to_string(port);
    } else if (scheme == Scheme::fd) {
        text += std::to_string(fd);
    } else {
        if (path.starts_with("//")) text += '\\';  // "///" would be the beginning of a URL
        text += escaped(path);
    }
    for (auto& [key, value] : options) text += ':' + escaped(key) + '=' + escaped(value);
    return text;
}

HostPort Endpoint::where() const {
    if (has_host(scheme)) return {host, port};
    if (scheme != Scheme::unix_stream && scheme != Scheme::unix_datagram)
        throw ValueError("'" + to_string() + "' has no address of its own");
    if (path.starts_with('@')) return Address::abstract_name(std::string_view(path).substr(1));
    return Address::unix_path(path);
}

Endpoint Endpoint::of(Scheme scheme, const Address& address) {
    Endpoint endpoint;
    endpoint.scheme = scheme;
    if (address.family() == Family::unix_domain) {
        endpoint.path = address.path();
        if (endpoint.path.starts_with('\0'))
            endpoint.path.front() = '@';
        else if (endpoint.path.starts_with('@'))
            endpoint.path.insert(0, "./");
    } else {
        endpoint.host = address.host();
        endpoint.port = address.port();
    }
    return endpoint;
}

std::ostream& operator<<(std::ostream& out, const Endpoint& endpoint) { return out << endpoint.to_string(); }

}  // namespace bight
