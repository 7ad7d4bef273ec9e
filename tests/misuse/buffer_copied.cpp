// SPDX-License-Identifier: BSL-1.0
// expect: (deleted|implicitly-deleted|call to)
// What was received is moved, or copied by name: data.copy().
#include <bight/buffer.h>

void keep(bight::Buffer& data) {
    (void)data;
    bight::Buffer copy = data;  // misuse
}
