// SPDX-License-Identifier: BSL-1.0
// A socket waits as long as it takes, not at all, or up to a limit. What would wait and what waited too long are two
// different errors, and connect() has the limit too.

#include <bight/socket.h>

#include <chrono>
#include <iostream>
#include <string_view>

using namespace bight;
using namespace std::chrono_literals;

void show(std::string_view what, const Socket& s) {
    std::cout << what << ": ";
    if (auto timeout = s.gettimeout())
        std::cout << "limit " << std::chrono::duration<double>(*timeout).count();
    else
        std::cout << "no limit";
    std::cout << (s.getblocking() ? ", blocking\n" : ", non-blocking\n");
}

int main() {
    Socket s(AF_INET, SOCK_DGRAM);
    s.bind({"127.0.0.1", 0});
    show("new", s);
    s.setblocking(false);
    show("setblocking(false)", s);
    s.settimeout(std::nullopt);
    show("settimeout(nullopt)", s);
    s.settimeout(0s);
    show("settimeout(0s)", s);
    try {
        s.recv(1024);
    } catch (const BlockingIOError&) {
        std::cout << "recv would block\n";
    }
    s.settimeout(12500us);
    show("settimeout(12500us)", s);
    try {
        s.recv(1024);
    } catch (const TimeoutError&) {
        std::cout << "recv timed out\n";
    }

    socket::setdefaulttimeout(2500ms);
    show("new, after setdefaulttimeout(2500ms)", Socket());
    socket::setdefaulttimeout(std::nullopt);

    Socket crowded;  // a queue for one, and nobody accepts
    crowded.bind({"127.0.0.1", 0});
    crowded.listen(0);
    Socket first, second;
    first.connect(crowded.getsockname());
    second.settimeout(100ms);
    try {
        second.connect(crowded.getsockname());
    } catch (const TimeoutError&) {
        std::cout << "connect timed out\n";
    }
}
