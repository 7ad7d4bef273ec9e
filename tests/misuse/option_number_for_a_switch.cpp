// SPDX-License-Identifier: BSL-1.0
// expect: this socket option takes a value of another type
// On or off is true or false.
#include <bight/options.h>

void hurry(bight::Socket& peer) {
    (void)peer;
    peer.set(bight::options::tcp_no_delay, 1);  // misuse
}
