// SPDX-License-Identifier: BSL-1.0
// expect: this socket option can only be read
// Who the peer is, the kernel says.
#include <bight/options.h>

void pretend(bight::Socket& peer) {
    (void)peer;
    peer.set(bight::options::peer_credentials, bight::Credentials{1, 0, 0});  // misuse
}
