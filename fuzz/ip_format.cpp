// SPDX-License-Identifier: BSL-1.0
/// Format specs: refused, or at most as long as they say.
#include "fuzz/require.h"

#include <bight/ipaddress.h>

#include <string>

using namespace bight::ipaddress;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    auto spec = bight::fuzz::text_of(data, size);
    static const IPAddress addresses[] = {ip_address("192.0.2.1"), ip_address("fe80::1%eth0")};
    for (const auto& address : addresses) {
        try {
            bight::fuzz::require(address.format(spec).size() <= 4'000'200, "too long", spec);
        } catch (const bight::ValueError& error) {
            bight::fuzz::require(error.what()[0] != '\0', "no reason", spec);
        }
    }
    return 0;
}
