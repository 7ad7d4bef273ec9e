// SPDX-License-Identifier: BSL-1.0
// expect: (could not convert|cannot convert|no viable|no matching|no known conversion)
// A path is Address::unix_path("/run/x"): a text alone could be a host as well.
#include <bight/socket.h>

void serve() {
    bight::Socket listener(bight::Family::unix_domain);
    (void)listener;
    listener.bind("/run/x");  // misuse
}
