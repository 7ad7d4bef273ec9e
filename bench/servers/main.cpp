// SPDX-License-Identifier: BSL-1.0
// echo_server NAME SERVICE FD: serves on a descriptor that it has inherited, until it is killed.
#include "servers/servers.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include <signal.h>
#include <sys/resource.h>

namespace {

struct Named {
    std::string_view name;
    void (*serve)(bench::Service, int);
};

constexpr Named servers[] = {
    {"bight-uring", bench::serve_bight_uring},
    {"bight-epoll", bench::serve_bight_epoll},
    {"raw-epoll", bench::serve_raw_epoll},
    {"raw-ring", bench::serve_raw_ring},
    {"asio-callbacks", bench::serve_asio_callbacks},
    {"asio-coroutines", bench::serve_asio_coroutines},
#if __has_include(<uv.h>)
    {"libuv", bench::serve_libuv},
#endif
    {"go", bench::serve_go},
    {"asyncio", bench::serve_asyncio},
    {"uvloop", bench::serve_uvloop},
};

void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    ::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    std::string_view service = argv[2];
    auto what = service == "echo"      ? bench::Service::echo
                : service == "discard" ? bench::Service::discard
                : service == "trains"  ? bench::Service::trains
                : service == "pump"    ? bench::Service::pump
                                       : bench::Service::datagrams;
    try {
        for (const auto& server : servers)
            if (server.name == argv[1]) server.serve(what, std::atoi(argv[3]));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", argv[1], error.what());
    }
    return 1;
}
