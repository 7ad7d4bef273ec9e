// SPDX-License-Identifier: BSL-1.0
// expect: (no matching|not a member|no member)
// Python says "invalid mode" when the program runs.
#include <bight/socket.h>

void open(bight::Socket& peer) {
    (void)peer;
    auto file = peer.makefile("a+");  // misuse
}
