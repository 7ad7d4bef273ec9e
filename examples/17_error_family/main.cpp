// SPDX-License-Identifier: BSL-1.0
// What can go wrong, and how to catch it: each kind by its own class, or all of them as OSError.

#include <bight/socket.h>

#include <iostream>
#include <string_view>

#include <netdb.h>

using namespace bight;
using namespace std::chrono_literals;

/// Does what must fail, and says how it failed: the first class that fits is caught.
void fail(std::string_view what, auto action) {
    std::cout << what << ": ";
    try {
        action();
    } catch (const TimeoutError& error) {
        std::cout << "a timeout, " << Errno(error.errnum()).message() << '\n';
    } catch (const GaiError& error) {
        std::cout << "an error of names, number " << error.errnum() << '\n';
    } catch (const HError&) {
        std::cout << "an error of hosts\n";
    } catch (const ConnectionError& error) {
        std::cout << "an error of connections, number " << error.errnum() << '\n';
    } catch (const OSError& error) {
        std::cout << "another error, number " << error.errnum() << ", " << error.code().message() << '\n';
    }
    try {
        action();
    } catch (const OSError&) {
        std::cout << "  which is an OSError\n";
    }
}

int main() {
    Socket silent(AF_INET, SOCK_DGRAM);
    silent.settimeout(10ms);
    silent.bind({"127.0.0.1", 0});
    fail("nobody sends", [&] { silent.recv(1024); });
    fail("what is no number", [] { socket::getaddrinfo("www", 80, {.flags = AI_NUMERICHOST}); });
    fail("an address without a name", [] { socket::gethostbyaddr("192.0.2.255"); });

    Socket deaf;  // bound, so that the port is taken, but it does not listen
    deaf.bind({"127.0.0.1", 0});
    fail("nobody listens", [&] { Socket().connect(deaf.getsockname()); });
    fail("a port that is taken", [&] { Socket().bind(deaf.getsockname()); });
}
