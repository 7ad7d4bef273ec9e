// SPDX-License-Identifier: BSL-1.0
// The ways to come by a socket: new, as one of a pair, from a descriptor, as a duplicate; and what is left of one that
// was closed. Started by inetd, a program finds its connection as standard input.

#include <bight/socket.h>

#include <iostream>
#include <string_view>

using namespace bight;

void show(std::string_view what, const Socket& s) {
    std::cout << what << ": " << s.family() << ' ' << s.kind() << ", protocol " << s.proto() << '\n';
}

int main() {
    show("as it comes", Socket());
    show("by the name of a protocol", Socket(AF_INET, SOCK_STREAM, socket::getprotobyname("tcp")));

    auto [one, other] = socket::socketpair();
    show("one of a pair", one);
    Socket again = one.dup();
    std::cout << "a duplicate has " << (again.fileno() == one.fileno() ? "the same" : "another") << " descriptor\n";
    one.close();
    again.sendall("sent by the duplicate");
    std::cout << other.recv(1024) << '\n';
    try {
        one.send("too late");
    } catch (const OSError& error) {
        std::cout << "closed: number " << one.fileno() << ", error " << error.errnum() << '\n';
    }

    Socket from_number = Socket::adopt(other.detach());
    show("from a descriptor", from_number);

    try {
        Socket visitor = Socket::adopt(0);
        show("standard input", visitor);
        visitor.sendall("good day, from the service that inetd started\n");
        std::cout << "heard: " << visitor.recv(1024) << '\n';
    } catch (const OSError& error) {
        std::cout << "standard input: " << error.code().message() << '\n';
    }
}
