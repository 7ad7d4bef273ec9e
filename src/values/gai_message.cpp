// SPDX-License-Identifier: BSL-1.0
#include "values/raise.h"

namespace bight {

const char* gai_message(int code) noexcept {
    switch (code) {
        case -1: return "bad value for the flags";
        case -2: return "name or service not known";
        case -3: return "temporary failure in name resolution";
        case -4: return "non-recoverable failure in name resolution";
        case -5: return "no address associated with the name";
        case -6: return "address family not supported";
        case -7: return "kind of socket not supported";
        case -8: return "service not supported for this kind of socket";
        case -9: return "address family for hostname not supported";
        case -10: return "memory allocation failure";
        case -11: return "system error";
        case -12: return "result too long for its buffer";
        default: return "unknown error of the resolver";
    }
}

const char* host_message(int code) noexcept {
    switch (code) {
        case 1: return "unknown host";
        case 2: return "host name lookup failure";
        case 3: return "unknown server error";
        case 4: return "no address associated with name";
        default: return "unknown error of the resolver";
    }
}

}  // namespace bight
