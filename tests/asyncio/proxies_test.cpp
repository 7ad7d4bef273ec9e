// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/proxies.h>

#include "asyncio/engines.h"

#include <string>

namespace bight::asyncio {
namespace {

struct ProxiesTest : OnEveryEngine {};

const std::string line = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 7\r\n";

Task<> write_slowly(Stream* stream, std::string data) {
    for (char byte : data) {
        co_await stream->write(Bytes(reinterpret_cast<const std::byte*>(&byte), 1));
        co_await sleep(Duration::zero());
    }
}

TEST_P(ProxiesTest, reads_the_header_and_not_a_byte_of_what_follows) {
    for (int version : {1, 2}) {
        auto talk = [](int which) -> Task<> {
            proxy_protocol::Header sent{.version = which,
                                        .source = Address::ip("203.0.113.7", 4711),
                                        .destination = Address::ip("192.0.2.1", 7)};
            auto [a, b] = co_await connected_pair();
            TaskGroup group;
            group.spawn(write_slowly, &a, sent.to_bytes() + "what follows");
            auto header = co_await read_proxy_header(b, 10s);
            EXPECT_EQ(header, sent);
            auto rest = co_await b.readexactly(12);
            EXPECT_EQ(rest.view(), "what follows");
            co_await group.join();
        };
        run(talk(version));
    }
}

TEST_P(ProxiesTest, refuses_what_is_none_late_or_cut_short) {
    auto talk = []() -> Task<> {
        auto [a, b] = co_await connected_pair();
        co_await a.write("GET / HTTP/1.0\r\n");
        try {
            co_await read_proxy_header(b, 10s);
            ADD_FAILURE();
        } catch (const proxy_protocol::Error&) {}
        auto late = co_await connected_pair();
        std::string_view half = std::string_view(line).substr(0, 20);
        co_await late.a.write(half);
        try {
            co_await read_proxy_header(late.b, 5ms);
            ADD_FAILURE();
        } catch (const TimeoutError&) {}
        late.a.write_eof();
        try {
            co_await read_proxy_header(late.b, 10s);
            ADD_FAILURE();
        } catch (const ConnectionAbortedError&) {}
    };
    run(talk());
}

BIGHT_ON_EVERY_ENGINE(ProxiesTest);

}  // namespace
}  // namespace bight::asyncio
