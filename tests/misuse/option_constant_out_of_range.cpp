// SPDX-License-Identifier: BSL-1.0
// expect: (out_of_range|constant expression)
// 255 hops at most.
#include <bight/options.h>

void travel(bight::Socket& peer) {
    (void)peer;
    peer.set(bight::options::ip_ttl(256));  // misuse
}
