// SPDX-License-Identifier: BSL-1.0
// expect: (could not convert|cannot convert|no viable|no matching|no known conversion)
// Five what? 5s.
#include <bight/socket.h>

void limit(bight::Socket& peer) {
    (void)peer;
    peer.settimeout(5);  // misuse
}
