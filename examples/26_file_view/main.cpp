// SPDX-License-Identifier: BSL-1.0
// A connection as a file: lines, counts of bytes, buffered writing. File and socket may be closed apart; the connection
// lives as long as either. The socket's limit holds for its files, and after a read has timed out no more is read.

#include <bight/socket.h>

#include <iostream>

using namespace bight;
using namespace std::chrono_literals;

int main() {
    auto [here, there] = socket::socketpair();
    auto writer = here.makefile(socket::wb);
    auto reader = there.makefile(socket::rb);

    writer.write("first line\nsecond line\n12345");
    std::cout << "before flush: " << (there.try_recv(1, MSG_PEEK | MSG_DONTWAIT) ? "something" : "nothing")
              << " came\n";
    writer.flush();
    std::cout << "a line: " << reader.readline() << "another: " << reader.readline()
              << "three bytes: " << reader.read(3) << '\n';

    there.close();
    std::cout << "the socket is closed, the file goes on: " << reader.read(2) << '\n';
    writer.close();
    here.sendall("the file is closed, the socket goes on");
    here.shutdown(SHUT_WR);
    std::cout << reader.read_all() << '\n';
    reader.close();

    auto [one, other] = socket::socketpair();
    auto at_once = one.makefile(socket::wb, 0);
    at_once.write("unbuffered, no flush needed\n");
    other.settimeout(10ms);
    auto limited = other.makefile(socket::rb);
    std::cout << limited.readline();
    try {
        limited.readline();
    } catch (const TimeoutError&) {
        std::cout << "readline timed out\n";
    }
    try {
        limited.readline();
    } catch (const OSError&) {
        std::cout << "readline is refused from then on\n";
    }
}
