// SPDX-License-Identifier: BSL-1.0
#include "transfer_report.h"

#include "json.h"

#include <bight/printable.h>

#include <fmt/core.h>

namespace bight::tool {
namespace {

using file_transfer::Transfer;
using file_transfer::Verdict;

/// The enumerator's name.
std::string_view word_for(Verdict verdict) {
    switch (verdict) {
        case Verdict::received: return "received";
        case Verdict::already_there: return "already_there";
        case Verdict::name_refused: return "name_refused";
        case Verdict::exists: return "exists";
        case Verdict::too_large: return "too_large";
        case Verdict::too_many: return "too_many";
        case Verdict::no_space: return "no_space";
        case Verdict::busy: return "busy";
        case Verdict::corrupt: return "corrupt";
        case Verdict::failed: return "failed";
        case Verdict::protocol_error: return "protocol_error";
        case Verdict::too_slow: return "too_slow";
    }
    return "?";
}

}  // namespace

std::string transfer_text(const Transfer& transfer, std::string_view done) {
    auto name = printable(transfer.name);
    if (!transfer) {
        auto reason = transfer.reason.empty() ? "" : ": " + transfer.reason;
        return fmt::format("refused {}: {}{}\n", name, to_text(transfer.verdict), reason);
    }
    if (transfer.verdict == Verdict::already_there)
        return fmt::format("already there {} ({} bytes)\n", name, transfer.size);
    auto resumed = transfer.resumed_at == 0 ? "" : fmt::format(", resumed at {}", transfer.resumed_at);
    return fmt::format("{} {} ({} bytes{})\n", done, name, transfer.size, resumed);
}

std::string transfer_json(const Transfer& transfer, std::string_view command, std::string_view peer) {
    JsonObject object;
    object.add("schema", fmt::format("bight.{}/1", command))
        .add("name", transfer.name)
        .add("size", transfer.size)
        .add("verdict", word_for(transfer.verdict))
        .add("ok", static_cast<bool>(transfer))
        .add("resumed_at", transfer.resumed_at);
    if (!transfer.reason.empty()) object.add("reason", transfer.reason);
    if (!transfer.sha256.empty()) object.add("sha256", transfer.sha256);
    return object.add("peer", peer).text() + '\n';
}

}  // namespace bight::tool
