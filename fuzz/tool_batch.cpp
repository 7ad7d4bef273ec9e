// SPDX-License-Identifier: BSL-1.0
/// `bight ip --batch`: to each line of whatever bytes one line, which is JSON, and right about what the library can read.
#include "fuzz/chunks.h"
#include "fuzz/require.h"

#include "ip_batch.h"

#include <bight/ipaddress.h>

#include <string>

using namespace bight::ipaddress;
using namespace bight::tool;
using bight::fuzz::require;

namespace {

/// Passes over one JSON value; false where there is none.
class Json {
public:
    explicit Json(std::string_view text) : rest_(text) {}

    bool whole() { return value() && rest_.empty(); }

private:
    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    bool value() {
        if (take("true") || take("false") || take("null")) return true;
        if (rest_.starts_with('"')) return string();
        if (take("{")) return list("}", true);
        if (take("[")) return list("]", false);
        auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        rest_.remove_prefix(digits);
        return digits != 0;
    }

    bool list(std::string_view end, bool keys) {
        if (take(end)) return true;
        do {
            if (keys && !(string() && take(":"))) return false;
            if (!value()) return false;
        } while (take(","));
        return take(end);
    }

    bool string() {
        if (!take("\"")) return false;
        while (!rest_.empty() && !rest_.starts_with('"')) {
            auto byte = static_cast<unsigned char>(rest_.front());
            if (byte < 0x20 || byte == 0x7f) return false;
            if (byte == '\\' && (rest_.size() < 2 || !std::string_view("\"\\ntru").contains(rest_[1]))) return false;
            rest_.remove_prefix(byte == '\\' ? 2 : 1);
        }
        return take("\"");
    }

    std::string_view rest_;
};

bool can_be_read(std::string_view kind, std::string_view text) {
    if (kind == "address") return IPAddress::parse(text).has_value();
    if (kind == "network") return IPNetwork::parse(text).has_value();
    if (kind == "network_loose") return IPNetwork::parse(text, {.strict = false}).has_value();
    return kind == "interface" && IPInterface::parse(text).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    bight::fuzz::Chunks source(bight::fuzz::text_of(data, size), 100);
    LineReader lines(source, 200);
    while (auto line = lines.next()) {
        auto answer = answer_batch_line(*line);
        require(Json(answer).whole(), "the answer is no JSON", answer);
        auto tab = line->text.find('\t');
        bool good = !line->cut && tab != line->text.npos &&
                    can_be_read(line->text.substr(0, tab), line->text.substr(tab + 1));
        require(answer.starts_with(good ? "{\"ok\":true,\"version\":" : "{\"ok\":false,\"error\":\""), "another answer",
                line->text);
    }
    return 0;
}
