// SPDX-License-Identifier: BSL-1.0
// expect: deleted
// A writable array is a buffer: nobody knows how much of it is meant.
#include <bight/socket.h>

void greet(bight::Socket& peer) {
    char line[80] = "hello";
    (void)peer, (void)line;
    peer.sendall(line);  // misuse
}
