// SPDX-License-Identifier: BSL-1.0
// Runs one block of north_star.cpp: `north_star BLOCK [ARGUMENT]`. Says "waiting" on standard output when the block first
// waits for a peer, which is when one may come. Without arguments, lists the blocks.

#include <bight/bight.h>

#include "support/faults.h"

#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

void echo_blocking();
void report(std::string_view host);
void as_every_book_writes_it();
void datagrams();
void names();
void ready_loop(bight::Socket& listener);
void threaded();
void serve_coroutines();
bight::Task<> ask(std::string question);
bight::Task<> ask_three();
void addresses(std::string_view text);

namespace {

using Block = std::function<void(std::string_view argument)>;

const std::map<std::string, Block>& blocks() {
    static const std::map<std::string, Block> all{
        {"echo_blocking", [](auto) { echo_blocking(); }},
        {"report", [](auto host) { report(host); }},
        {"as_every_book_writes_it", [](auto) { as_every_book_writes_it(); }},
        {"datagrams", [](auto) { datagrams(); }},
        {"names", [](auto) { names(); }},
        {"ready_loop",
         [](auto) {
             auto listener = bight::socket::create_server({"127.0.0.1", 7000});
             ready_loop(listener);
         }},
        {"threaded", [](auto) { threaded(); }},
        {"serve_coroutines", [](auto) { serve_coroutines(); }},
        {"ask", [](auto question) { bight::asyncio::run(ask(std::string(question) + '\n')); }},
        {"ask_three", [](auto) { bight::asyncio::run(ask_three()); }},
        {"addresses", [](auto text) { addresses(text); }},
    };
    return all;
}

bool waits_for_a_peer(bight::sys::Call call) {
    using enum bight::sys::Call;
    return call == accept4 || call == recvfrom || call == epoll_wait || call == io_uring_enter || call == poll;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        for (auto& [name, block] : blocks()) std::cout << name << '\n';
        return 0;
    }
    const std::string_view name = argv[1];
    bool said = name == "report" || name.starts_with("ask");  // which are the peers, and wait for nobody
    bight::testing::Faults watch([&](bight::sys::Call call) -> bight::sys::Fault {
        if (!said && waits_for_a_peer(call)) {
            said = true;
            std::cout << "waiting" << std::endl;
        }
        return {};
    });
    blocks().at(std::string(name))(argc > 2 ? argv[2] : "");
}
