// SPDX-License-Identifier: BSL-1.0
// expect: this socket option takes a value of another type
// Whole seconds: round as you mean it.
#include <bight/options.h>

void keep(bight::Socket& peer) {
    (void)peer;
    peer.set(bight::options::tcp_keep_idle, std::chrono::milliseconds(1500));  // misuse
}
