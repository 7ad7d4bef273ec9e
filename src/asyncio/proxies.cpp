// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/proxies.h>

#include <bight/asyncio/timeouts.h>
#include <bight/error.h>

#include <cerrno>

namespace bight::asyncio {
namespace {

Task<> feed(proxy_protocol::Parser* parser, Stream* connection) {
    while (!parser->done()) {
        auto data = co_await connection->read(parser->wanted());
        if (!data) raise_os_error(ECONNABORTED, "read the PROXY header");
        parser->feed(data);
    }
}

}  // namespace

Task<proxy_protocol::Header> read_proxy_header(Stream& connection, Duration limit, std::size_t longest) {
    proxy_protocol::Parser parser(longest);
    co_await wait_for(feed(&parser, &connection), limit);
    co_return parser.header();
}

}  // namespace bight::asyncio
