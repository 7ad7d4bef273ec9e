// SPDX-License-Identifier: BSL-1.0
// expect: (ignoring return value|nodiscard)
// connect_ex() says by its result alone whether it has connected.
#pragma GCC diagnostic error "-Wunused-result"
#include <bight/socket.h>

void hope(bight::Socket& peer, const bight::Address& where) {
    (void)peer, (void)where;
    peer.connect_ex(where);  // misuse
}
