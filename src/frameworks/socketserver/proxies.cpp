// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress.h>
#include <bight/socketserver.h>
#include <bight/socketserver/proxies.h>

#include "blocking/deadline.h"
#include "frameworks/socketserver/control.h"

#include <array>
#include <cerrno>
#include <utility>

namespace bight::socketserver {

bool TrustedProxies::trusts(const Address& peer) const {
    if (peer.family() == Family::unix_domain) return unix_peers;
    auto host = ipaddress::host_of(peer);
    if (!host) return false;
    if (host->version() == 6)
        if (auto four = host->v6().ipv4_mapped()) return networks.contains(*four);
    return networks.contains(*host);
}

proxy_protocol::Header read_proxy_header(Socket& connection, Duration limit, std::size_t longest) {
    constexpr const char* context = "read the PROXY header";
    proxy_protocol::Parser parser(longest);
    std::array<std::byte, 512> memory;
    Deadline deadline(limit);
    while (!parser.done()) {
        if (auto ready = wait_until_ready(connection.fileno(), POLLIN, deadline); !ready)
            raise_os_error(ready.error(), context);
        auto wanted = std::min(parser.wanted(), memory.size());
        auto data = connection.try_recv_into(MutableBytes(memory).first(wanted), MSG_DONTWAIT);
        if (!data && data.error() == std::errc::resource_unavailable_try_again) continue;
        if (!data) raise_os_error(data.error(), context);
        if (data->empty()) raise_os_error(ECONNABORTED, context);
        parser.feed(*data);
    }
    return parser.header();
}

bool BaseServer::is_untrusted(const Address& peer) {
    if (!options_.proxies || options_.proxies->trusts(peer)) return false;
    control_->count_refused_proxy();
    return true;
}

bool BaseServer::read_proxy_header_for(BaseRequestHandler& handler) {
    const auto& proxies = *options_.proxies;
    handler.proxy_header = std::make_shared<const proxy_protocol::Header>(
        read_proxy_header(handler.request, proxies.header_limit, proxies.longest_header));
    if (handler.proxy_header->has_client()) handler.client_address = handler.proxy_header->source;
    return admit_client(handler.request, handler.client_address);
}

std::uint64_t BaseServer::refused_proxies() const noexcept { return control_->refused_proxies(); }

}  // namespace bight::socketserver
