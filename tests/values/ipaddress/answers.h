// SPDX-License-Identifier: BSL-1.0
/// What the library answers to the questions of oracle.py, in the oracle's words.
#pragma once

#include <bight/ipaddress.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bight::ipaddress::answers {

/// A question is a name and perhaps, after a blank, an argument: "plus 255".
struct Question {
    std::string name, argument;

    explicit Question(std::string_view text) {
        auto blank = text.find(' ');
        name = text.substr(0, blank);
        if (blank != text.npos) argument = text.substr(blank + 1);
    }

    /// The number at the end of the argument.
    int128 number() const {
        std::string digits = argument.substr(argument.find_last_of(' ') + 1);  // npos + 1 is 0
        bool negative = digits.starts_with('-');
        int128 value = 0;
        for (char c : digits.substr(negative ? 1 : 0)) value = value * 10 + (c - '0');
        return negative ? -value : value;
    }
};

inline std::string shown(bool value) { return value ? "yes" : "no"; }
inline std::string shown(const std::string& value) { return value; }
inline std::string shown(int value) { return std::to_string(value); }
template <class T>
    requires requires(const T& value) { value.to_string(); }
std::string shown(const T& value) {
    return value.to_string();
}
template <class T>
std::string shown(const std::optional<T>& value) {
    return value ? shown(*value) : "None";
}
inline std::string shown(const std::optional<Teredo>& value) {
    return value ? shown(value->server) + ',' + shown(value->client) : "None";
}

/// Elements with commas between, at most `most`.
template <class Range>
std::string listed(const Range& range, std::size_t most = static_cast<std::size_t>(-1)) {
    std::string text;
    for (auto each : range) {
        if (most-- == 0) break;
        if (!text.empty()) text += ',';
        text += shown(each);
    }
    return text;
}

inline std::string hex_of(std::string_view bytes) {
    std::string text;
    for (char c : bytes) {
        text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        text += "0123456789abcdef"[c & 15];
    }
    return text;
}

/// As it stands in a line of the oracle's.
inline std::string plain(const std::string& text) {
    for (char c : text)
        if (c < ' ' || c > '~') return "hex:" + hex_of(text);
    return text;
}

/// The answer of `function`, or that it refused.
template <class Function>
std::string answer_or_refused(Function function) {
    try {
        return function();
    } catch (const ValueError&) {
        return "refused";
    } catch (const TypeError&) {
        return "refused";
    } catch (const IndexError&) {
        return "refused";
    }
}

template <class T>
using Table = std::map<std::string, std::function<std::string(const T&, const Question&)>, std::less<>>;

/// What all of them have.
template <class T>
void add_properties(Table<T>& table) {
    auto add = [&](const char* name, auto member) {
        table[name] = [member](const T& thing, const Question&) { return shown((thing.*member)()); };
    };
    add("exploded", &T::exploded);
    add("compressed", &T::compressed);
    add("reverse_pointer", &T::reverse_pointer);
    add("is_multicast", &T::is_multicast);
    add("is_reserved", &T::is_reserved);
    add("is_unspecified", &T::is_unspecified);
    add("is_loopback", &T::is_loopback);
    add("is_link_local", &T::is_link_local);
    add("is_private", &T::is_private);
    add("is_global", &T::is_global);
    if constexpr (T::version() == 6) add("is_site_local", &T::is_site_local);
}

template <class T>
Table<T> of_address() {
    Table<T> table;
    add_properties(table);
    table["packed"] = [](const T& a, auto&) { return hex_of(Bytes(a.packed()).view()); };
    table["int"] = [](const T& a, auto&) { return detail::decimal(a.to_int()); };
    table["format"] = [](const T& a, auto& question) { return a.format(question.argument); };
    table["plus"] = [](const T& a, auto& question) { return shown(a + question.number()); };
    table["minus"] = [](const T& a, auto& question) { return shown(a - question.number()); };
    if constexpr (T::version() == 6) {
        table["ipv4_mapped"] = [](const T& a, auto&) { return shown(a.ipv4_mapped()); };
        table["sixtofour"] = [](const T& a, auto&) { return shown(a.sixtofour()); };
        table["teredo"] = [](const T& a, auto&) { return shown(a.teredo()); };
        table["scope_id"] = [](const T& a, auto&) { return a.scope_id().to_string(); };
    }
    return table;
}

template <class T>
Table<T> of_interface() {
    auto table = of_address<T>();
    table["ip"] = [](const T& i, auto&) { return shown(i.ip()); };
    table["network"] = [](const T& i, auto&) { return shown(i.network()); };
    table["netmask"] = [](const T& i, auto&) { return shown(i.netmask()); };
    table["hostmask"] = [](const T& i, auto&) { return shown(i.hostmask()); };
    table["with_prefixlen"] = [](const T& i, auto&) { return i.with_prefixlen(); };
    table["with_netmask"] = [](const T& i, auto&) { return i.with_netmask(); };
    table["with_hostmask"] = [](const T& i, auto&) { return i.with_hostmask(); };
    return table;
}

/// "subnets diff 3", "subnets new 24"
inline SubnetOptions options_of(const Question& question) {
    auto number = static_cast<int>(question.number());
    if (question.argument.starts_with("new")) return {.new_prefix = number};
    return {.prefixlen_diff = number};
}

template <class T>
Table<T> of_network() {
    Table<T> table;
    add_properties(table);
    table["network_address"] = [](const T& n, auto&) { return shown(n.network_address()); };
    table["broadcast_address"] = [](const T& n, auto&) { return shown(n.broadcast_address()); };
    table["netmask"] = [](const T& n, auto&) { return shown(n.netmask()); };
    table["hostmask"] = [](const T& n, auto&) { return shown(n.hostmask()); };
    table["prefixlen"] = [](const T& n, auto&) { return shown(n.prefixlen()); };
    table["num_addresses"] = [](const T& n, auto&) { return shown(Count(n.num_addresses())); };
    table["with_prefixlen"] = [](const T& n, auto&) { return n.with_prefixlen(); };
    table["with_netmask"] = [](const T& n, auto&) { return n.with_netmask(); };
    table["with_hostmask"] = [](const T& n, auto&) { return n.with_hostmask(); };
    table["hosts"] = [](const T& n, auto&) { return listed(n.hosts(), 9); };
    table["addresses"] = [](const T& n, auto&) { return listed(n, 9); };
    table["index"] = [](const T& n, auto& question) { return shown(n[question.number()]); };
    table["subnets"] = [](const T& n, auto& question) { return listed(n.subnets(options_of(question)), 9); };
    table["supernet"] = [](const T& n, auto& question) { return shown(n.supernet(options_of(question))); };
    return table;
}

/// "no such question" if the table does not know it.
template <class T>
std::string answer(const Table<T>& table, const T& thing, const Question& question) {
    auto found = table.find(question.name);
    if (found == table.end()) return "no such question";
    return answer_or_refused([&] { return found->second(thing, question); });
}

}  // namespace bight::ipaddress::answers
