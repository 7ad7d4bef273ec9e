// SPDX-License-Identifier: BSL-1.0
// The full name of a host, or of this machine: the first of its names with a dot in it. A name that leads nowhere comes
// back as it is.

#include <bight/netdb.h>

#include <iostream>

using namespace bight;

int main(int argc, char** argv) {
    std::cout << "this machine is " << socket::getfqdn() << '\n';
    for (int i = 1; i < argc; ++i) std::cout << argv[i] << " is " << socket::getfqdn(argv[i]) << '\n';
}
