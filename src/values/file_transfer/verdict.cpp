// SPDX-License-Identifier: BSL-1.0
#include <bight/file_transfer/verdict.h>

namespace bight::file_transfer {

std::string_view to_text(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::received: return "received";
        case Verdict::already_there: return "already there";
        case Verdict::name_refused: return "the name is refused";
        case Verdict::exists: return "another file has the name";
        case Verdict::too_large: return "too large";
        case Verdict::too_many: return "too many files";
        case Verdict::no_space: return "no space left";
        case Verdict::busy: return "somebody else is sending it";
        case Verdict::corrupt: return "the checksums differ";
        case Verdict::failed: return "the receiver has failed";
        case Verdict::protocol_error: return "the receiver did not understand";
        case Verdict::too_slow: return "too slow";
    }
    return "?";
}

}  // namespace bight::file_transfer
