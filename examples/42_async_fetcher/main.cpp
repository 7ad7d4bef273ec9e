// SPDX-License-Identifier: BSL-1.0
// Pages by HTTP, all at once and in one thread, as in 34_selectors_fetcher; but each is fetched by a coroutine, which
// says what is to be done from its beginning to its end.

#include <bight/bight.h>

#include <iostream>
#include <string>
#include <vector>

using namespace bight;

Task<std::string> fetch(HostPort where, std::string path) {
    std::string page, how = "complete";
    try {
        auto stream = co_await asyncio::open_connection(where);
        co_await stream.write("GET " + path + " HTTP/1.0\r\nHost: " + where.host() + "\r\nConnection: close\r\n\r\n");
        while (auto data = co_await stream.read()) page += data.view();
    } catch (const OSError& error) {
        how = Errno(error.errnum()).message();
    }
    std::cout << path << ": " << how << std::endl;
    co_return page;
}

Task<> fetch_all(HostPort where, std::vector<std::string> paths) {
    asyncio::TaskGroup group;
    std::vector<asyncio::TaskHandle<std::string>> pages;
    for (auto& path : paths) pages.push_back(group.spawn(fetch, where, path));
    co_await group.join();
    for (std::size_t i = 0; i < paths.size(); ++i) {
        std::string page = pages[i].result();
        auto body = page.find("\r\n\r\n");
        std::cout << paths[i] << ": " << page.substr(0, page.find("\r\n")) << ", "
                  << (body == std::string::npos ? 0 : page.size() - body - 4) << " bytes\n";
    }
}

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: 42_async_fetcher HOST PORT PATH...\n";
        return 2;
    }
    asyncio::run(fetch_all({argv[1], std::stoi(argv[2])}, {argv + 3, argv + argc}));
}
