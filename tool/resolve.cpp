// SPDX-License-Identifier: BSL-1.0
#include "resolve.h"

#include "exit_code.h"
#include "json.h"
#include "talk.h"

#include <bight/error.h>
#include <bight/interfaces.h>
#include <bight/ipaddress.h>
#include <bight/netdb.h>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string_view>
#include <utility>

namespace bight::tool {
namespace {

/// How far an address reaches.
std::string scope_of(const Address& address) {
    auto host = address.host();
    auto ip = ipaddress::ip_address(std::string_view(host).substr(0, host.find('%')));
    if (ip.is_unspecified()) return "any";
    if (ip.is_loopback()) return "loopback";
    if (ip.is_link_local()) return "link";
    if (ip.is_multicast()) return "multicast";
    return ip.is_private() ? "private" : "global";
}

std::string protocol_of(const socket::AddrInfo& info) {
    if (info.proto == IPPROTO_TCP) return "tcp";
    if (info.proto == IPPROTO_UDP) return "udp";
    return std::to_string(info.proto);
}

std::string interface_of(const Address& address) {
    if (address.scope_id() == 0) return {};
    if (!std::in_range<int>(address.scope_id())) return std::to_string(address.scope_id());
    try {
        return socket::if_indextoname(static_cast<int>(address.scope_id()));
    } catch (const OSError&) {
        return std::to_string(address.scope_id());  // one that this machine does not have
    }
}

void print_answer(int order, const socket::AddrInfo& info, const std::string& canonical,
                  const ResolveOptions& options) {
    auto& address = info.address;
    auto host = address.host();
    if (!options.json) {
        bool is_v6 = info.family == Family::inet6;
        print(std::to_string(order) + '\t' + (is_v6 ? "inet6" : "inet") + '\t' +
              (options.service.empty() ? host : protocol_of(info) + ':' + address.to_string()) + '\t' +
              scope_of(address) + '\n');
        return;
    }
    JsonObject object;
    object.add("schema", "bight.resolve/1").add("name", options.name).add("order", order);
    object.add("family", info.family == Family::inet6 ? "inet6" : "inet");
    object.add("host", host.substr(0, host.find('%'))).add("scope", scope_of(address));
    if (auto interface = interface_of(address); !interface.empty()) object.add("interface", interface);
    object.add("canonical", canonical);
    if (!options.service.empty()) object.add("port", address.port()).add("protocol", protocol_of(info));
    print(object.text() + '\n');
}

/// The resolver also reads "0177.1", as 127.0.0.1: what is no address by the strict rules is none here either.
void require_strict_text(const std::string& name) {
    if (HostPort(name.substr(0, name.find('%')), 0).address()) return;
    try {
        (void)socket::getaddrinfo(name, {}, {.flags = AI_NUMERICHOST});
    } catch (const GaiError&) {
        return;  // a name
    }
    throw ValueError("'" + name + "' is no IPv4 address, and no name either");
}

int run_forward(const ResolveOptions& options) {
    // Without a service each address would come once for each kind of socket.
    socket::AddrInfoOptions filter{.flags = AI_CANONNAME};
    if (options.ipv4 != options.ipv6) filter.family = options.ipv4 ? Family::inet : Family::inet6;
    if (options.service.empty()) filter.kind = Kind::stream;
    auto service = options.service.empty() ? socket::Service() : socket::Service(options.service);
    auto found = socket::getaddrinfo(options.name, service, filter);
    auto canonical = found.front().canonname;
    int order = 0;
    for (auto& info : found)
        if (info.kind != Kind::raw) print_answer(++order, info, canonical, options);
    return exit_code::ok;
}

int run_reverse(const ResolveOptions& options) {
    auto address =
        socket::getaddrinfo(options.name, {}, {.kind = Kind::stream, .flags = AI_NUMERICHOST}).front().address;
    auto name = socket::getnameinfo(address, NI_NAMEREQD).host;
    if (options.json)
        print(JsonObject()
                  .add("schema", "bight.resolve/1")
                  .add("address", address.host())
                  .add("scope", scope_of(address))
                  .add("name", name)
                  .text() +
              '\n');
    else
        print(name + '\n');
    return exit_code::ok;
}

}  // namespace

int run_resolve(const ResolveOptions& options) {
    if (options.reverse && (!options.service.empty() || options.ipv4 || options.ipv6))
        throw ValueError("--reverse takes an address and nothing else");
    require_strict_text(options.name);
    return options.reverse ? run_reverse(options) : run_forward(options);
}

}  // namespace bight::tool
