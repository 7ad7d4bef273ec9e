// SPDX-License-Identifier: BSL-1.0
// expect: deleted
// How long is the text behind a pointer? std::string_view(text) says that it ends at the NUL.
#include <bight/socket.h>

void greet(bight::Socket& peer, const char* text) {
    (void)peer, (void)text;
    peer.sendall(text);  // misuse
}
