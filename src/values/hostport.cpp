// SPDX-License-Identifier: BSL-1.0
#include <bight/address.h>
#include <bight/error.h>

#include "values/ip_text.h"
#include "values/port.h"

#include <ostream>

namespace bight {
namespace {

constexpr std::size_t longest_host = 253, longest_label = 63;

bool is_ip(std::string_view host) {
    auto percent = host.find('%');
    if (percent == host.npos) return ip_text::parse_ipv4(host) || ip_text::parse_ipv6(host);
    return ip_text::parse_ipv6(host.substr(0, percent)) && ip_text::parse_number(host.substr(percent + 1), UINT32_MAX);
}

}  // namespace

void require_host(std::string_view host) {
    if (host.find('\0') != host.npos) throw ValueError("NUL in a host name");
    if (host.size() > longest_host)
        throw ValueError("host name of " + std::to_string(host.size()) + " characters; at most 253 can be looked up");
    if (host.empty()) return;
    std::string_view rest = host.substr(0, host.find('%'));  // behind that, an interface's name has rules of its own
    if (rest.ends_with('.')) rest.remove_suffix(1);
    for (std::size_t dot = 0; dot != rest.npos; rest.remove_prefix(dot == rest.npos ? 0 : dot + 1)) {
        dot = rest.find('.');
        auto label = rest.substr(0, dot);
        if (label.empty() || label.size() > longest_label)
            throw ValueError("host name with a label of " + std::to_string(label.size()) +
                             " characters, not of 1 to 63");
    }
}

void require_name(std::string_view host) {
    std::string_view label = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    label = label.substr(label.rfind('.') + 1);
    bool hexadecimal = label.starts_with("0x") || label.starts_with("0X");
    auto digits = hexadecimal ? std::string_view("0123456789abcdefABCDEF") : std::string_view("0123456789");
    if (hexadecimal) label.remove_prefix(2);
    if ((hexadecimal || !label.empty()) && label.find_first_not_of(digits) == label.npos)
        throw ValueError("'" + std::string(host) + "' is no IPv4 address, and no name either");
}

HostPort::HostPort(std::string_view host, int port) : host_(host), port_(port) {
    require_port(port);
    require_host(host);
    if (!is_ip(host)) return;  // a name, or a scope by the name of its interface: for the resolver
    address_ = Address::ip(host, port);
    numeric_ = true;
}

HostPort HostPort::parse(std::string_view text) {
    auto fail = [&](const char* why) { return ValueError("'" + std::string(text) + "': " + why); };
    std::string_view host, rest;
    if (!text.empty() && text.front() == '[') {
        auto end = text.find(']');
        if (end == text.npos) throw fail("a bracket is not closed");
        host = text.substr(1, end - 1);
        if (!ip_text::parse_ipv6(host.substr(0, host.find('%')))) throw fail("no IPv6 address in the brackets");
        rest = text.substr(end + 1);
        if (rest.empty() || rest.front() != ':') throw fail("no port behind the brackets");
        rest.remove_prefix(1);
    } else {
        auto colon = text.rfind(':');
        if (colon == text.npos) throw fail("no port");
        host = text.substr(0, colon);
        if (host.find(':') != host.npos) throw fail("an IPv6 address stands in brackets");
        rest = text.substr(colon + 1);
    }
    auto port = ip_text::parse_number(rest, UINT32_MAX);
    if (!port) throw fail("the port is no number");
    return {host, *port > 65535 ? 65536 : static_cast<int>(*port)};  // the constructor refuses 65536
}

std::string HostPort::to_string() const {
    if (numeric_) return address_.to_string();
    bool brackets = host_.find(':') != host_.npos;
    return (brackets ? '[' + host_ + ']' : host_) + ':' + std::to_string(port_);
}

std::ostream& operator<<(std::ostream& out, const HostPort& where) { return out << where.to_string(); }

}  // namespace bight
