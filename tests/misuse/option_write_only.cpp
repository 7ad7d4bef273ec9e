// SPDX-License-Identifier: BSL-1.0
// expect: this socket option can only be set
// The kernel does not give a forced size back.
#include <bight/options.h>

void ask(bight::Socket& peer) {
    (void)peer;
    (void)peer.get(bight::options::receive_buffer_force);  // misuse
}
