// SPDX-License-Identifier: BSL-1.0
// expect: (deleted|implicitly-deleted|call to)
// A socket has one owner; dup() makes a second descriptor.
#include <bight/socket.h>

void keep(bight::Socket& peer) {
    (void)peer;
    bight::Socket copy = peer;  // misuse
}
