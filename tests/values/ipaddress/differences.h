// SPDX-License-Identifier: BSL-1.0
/// docs/ipaddress-differences.tsv: where the library's answers are not those of CPython 3.11, on purpose.
#pragma once

#include <bight/ipaddress.h>

#include <fstream>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bight::ipaddress::answers {

/// Rows `question, where, CPython, bight, why`, with tabs between. A question is the name of one in oracle.py, without its
/// version; "networks.is_private" is asked of networks only. Where is a list of blocks, one of the words below, or "-": said for the reader alone, of
/// what no oracle can ask.
class Differences {
public:
    static Differences read() {
        Differences differences;
        std::ifstream file("docs/ipaddress-differences.tsv");
        if (!file) throw std::runtime_error("no docs/ipaddress-differences.tsv");
        for (std::string line; std::getline(file, line);) {
            if (line.empty() || line.starts_with('#')) continue;
            auto columns = split(line, '\t');
            if (columns.size() != 5) throw std::runtime_error("differences: five columns wanted: " + line);
            if (columns[0] == "question" || columns[1] == "-") continue;
            differences.rows_.push_back(Row{split(columns[0], ' '), columns[1], columns[2], columns[3]});
            differences.check(columns[1]);
        }
        return differences;
    }

    /// Whether a row says that `question` of `kind` about `subject` may have these two answers.
    bool allow(const std::string& kind, const std::string& question, const std::string& subject,
               const std::string& cpython, const std::string& ours) {
        for (const auto& row : rows_)
            if (row.is_about(kind, question) && matches(row.cpython, cpython) && matches(row.bight, ours) &&
                holds(row.where, subject)) {
                ++used_;
                return true;
            }
        return false;
    }

    int used() const { return used_; }

private:
    struct Row {
        std::vector<std::string> questions;  // by their first words: "v6 is_private" is "is_private" here
        std::string where, cpython, bight;

        bool is_about(const std::string& kind, std::string_view question) const {
            for (auto name : questions) {
                if (auto dot = name.find('.'); dot != name.npos) {
                    if (name.substr(0, dot) != kind) continue;
                    name.erase(0, dot + 1);
                }
                if (question == name || question == "v4 " + name || question == "v6 " + name ||
                    question == name + " strict")
                    return true;
            }
            return false;
        }
    };

    static std::vector<std::string> split(std::string_view line, char separator) {
        std::vector<std::string> parts;
        while (true) {
            auto at = line.find(separator);
            parts.emplace_back(line.substr(0, at));
            if (at == line.npos) return parts;
            line.remove_prefix(at + 1);
        }
    }

    /// "refused" stands for every refusal, "*" for every answer.
    static bool matches(std::string_view pattern, std::string_view answer) {
        return pattern == "*" || pattern == answer || (pattern == "refused" && answer.starts_with("refused"));
    }

    static std::string_view zone_of(std::string_view text) {
        auto percent = text.find('%');
        if (percent == text.npos) return {};
        auto zone = text.substr(percent + 1);
        return zone.substr(0, zone.find('/'));
    }

    using Condition = std::function<bool(std::string_view)>;
    static const std::map<std::string, Condition>& conditions() {
        static const std::map<std::string, Condition> table{
            {"a zone of more than 15 bytes", [](auto text) { return zone_of(text).size() > 15; }},
            {"a zone with NUL", [](auto text) { return zone_of(text).find('\0') != std::string_view::npos; }},
            {"a zone", [](auto text) { return !zone_of(text).empty(); }},
            {"anything", [](auto) { return true; }},
            {"an IPv6 interface or network",
             [](auto text) { return text.find(':') != text.npos && text.find('/') != text.npos; }},
            {"an IPv6 network without a prefix", [](auto text) { return text.find(':') != text.npos; }},
        };
        return table;
    }

    static void check(const std::string& where) {
        if (conditions().contains(where)) return;
        for (const auto& block : split(where, ' ')) ip_network(block);
    }

    /// Whether `subject`, an address or a network, is within `where`.
    static bool holds(const std::string& where, const std::string& subject) {
        if (auto found = conditions().find(where); found != conditions().end()) return found->second(subject);
        auto network = IPNetwork::parse(subject, {.strict = false});
        if (!network) return false;
        auto address = ip_address(std::string_view(subject).substr(0, subject.find('/')));
        for (const auto& block : split(where, ' ')) {
            auto whole = ip_network(block);
            if (whole.version() != network->version()) continue;
            if (whole.contains(address) || network->overlaps(whole)) return true;
        }
        return false;
    }

    std::vector<Row> rows_;
    int used_ = 0;
};

}  // namespace bight::ipaddress::answers
