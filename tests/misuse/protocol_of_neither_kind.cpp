// SPDX-License-Identifier: BSL-1.0
// expect: (deleted|implicitly-deleted|private)
// A protocol has data_received() or get_buffer(): it is a Protocol or a BufferedProtocol.
#include <bight/asyncio/protocol.h>

struct Good : bight::asyncio::Protocol {};
struct Neither : bight::asyncio::StreamProtocol {};

void make() {
    Good good;
    Neither neither;  // misuse
    (void)good;
}
