// SPDX-License-Identifier: BSL-1.0
// Pages by HTTP, all at once and in one thread. Each connection is registered with what to do when it is ready: once
// writable, send the request; while readable, collect. The loop calls back, and ends when nothing is registered.

#include <bight/bight.h>

#include <cerrno>
#include <functional>
#include <iostream>
#include <list>
#include <string>

using namespace bight;

Selector<std::function<void()>> selector;  // over epoll

class Fetcher {
public:
    Fetcher(HostPort where, std::string path) : where_(std::move(where)), path_(std::move(path)) {
        connection_.setblocking(false);
        int number = connection_.connect_ex(where_);  // begins; how it went is known when it is writable
        if (number == 0 || number == EINPROGRESS)
            selector.add(connection_, Ready::write, [this] { ask(); });
        else
            end(Errno(number).message());
    }

    const std::string& path() const { return path_; }
    const std::string& page() const { return page_; }

private:
    void ask() {
        if (int number = connection_.getsockopt(SOL_SOCKET, SO_ERROR)) return end(Errno(number).message());
        connection_.sendall("GET " + path_ + " HTTP/1.0\r\nHost: " + where_.host() + "\r\nConnection: close\r\n\r\n");
        selector.modify(connection_, Ready::read, [this] { collect(); });
    }

    void collect() {
        auto data = connection_.try_recv(4096);
        if (!data) return end(data.error().message());
        if (!*data) return end("complete");
        page_ += data->view();
    }

    void end(const std::string& how) {
        std::cout << path_ << ": " << how << std::endl;
        if (selector.contains(connection_)) selector.remove(connection_);
        connection_.close();
    }

    HostPort where_;
    std::string path_;
    Socket connection_;
    std::string page_;
};

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: 34_selectors_fetcher HOST PORT PATH...\n";
        return 2;
    }
    std::list<Fetcher> fetchers;
    for (int i = 3; i < argc; ++i) fetchers.emplace_back(HostPort(argv[1], std::stoi(argv[2])), argv[i]);
    while (selector.size() > 0)
        for (auto& [key, ready] : selector.select()) key->data();
    for (auto& fetcher : fetchers) {
        auto& page = fetcher.page();
        auto body = page.find("\r\n\r\n");
        std::cout << fetcher.path() << ": " << page.substr(0, page.find("\r\n")) << ", "
                  << (body == page.npos ? 0 : page.size() - body - 4) << " bytes" << std::endl;
    }
}
