// SPDX-License-Identifier: BSL-1.0
#include "exit_code.h"
#include "ip.h"
#include "ip_input.h"
#include "json.h"

#include <bight/error.h>
#include <bight/ipaddress.h>
#include <bight/ipaddress/prefix_map.h>

#include <fmt/core.h>

#include <charconv>

namespace bight::tool {
namespace {

using namespace ipaddress;

AddressSet read_set(std::span<const std::string> files, bool loose) {
    AddressSetBuilder builder;
    for_each_range(files, loose, [&](const AddressRange& range) { builder.add(range); });
    return builder.build();
}

const std::string& word(const IpOptions& options, std::size_t index, const char* what) {
    if (index >= options.words.size()) throw ValueError(fmt::format("{} is missing", what));
    return options.words[index];
}

int number(std::string_view text) {
    if (text.starts_with('/')) text.remove_prefix(1);
    int value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw ValueError(fmt::format("no prefix length: {}", text));
    return value;
}

}  // namespace

int run_ip_contains(const IpOptions& options) {
    auto outer = parse_patterns(word(options, 0, "the network"), options.loose);
    OutputBuffer out;
    bool all = true;
    for_each_word(std::span(options.words).subspan(1), [&](std::string_view text) {
        bool holds = outer.contains(parse_range(text, options.loose));
        all = all && holds;
        if (options.json)
            out.line(JsonObject().add("schema", "bight.ip/1").add("text", text).add("contained", holds).text());
        else
            out.line(fmt::format("{}\t{}", text, holds ? "yes" : "no"));
    });
    out.flush();
    return all ? exit_code::ok : exit_code::no;
}

int run_ip_collapse(const IpOptions& options) {
    print_networks(read_set(options.words, options.loose), options.json);
    return exit_code::ok;
}

int run_ip_subtract(const IpOptions& options) {
    auto [taken, files] = patterns_of(options);
    print_networks(read_set(files, options.loose).difference(taken), options.json);
    return exit_code::ok;
}

int run_ip_split(const IpOptions& options) {
    IPNetwork network(word(options, 0, "the network"), {.strict = !options.loose});
    auto subnets = network.subnets({.new_prefix = number(word(options, 1, "the prefix length"))});
    OutputBuffer out;
    std::uint64_t left = options.limit.value_or(UINT64_MAX);
    for (auto subnet = subnets.begin(); subnet != subnets.end() && left != 0; ++subnet, --left)
        add_network(out, *subnet, options.json);
    out.flush();
    return exit_code::ok;
}

int run_ip_range(const IpOptions& options) {
    AddressSetBuilder builder;
    if (options.words.size() == 2 && IPAddress::parse(options.words[0]) && IPAddress::parse(options.words[1]))
        builder.add(AddressRange(IPAddress(options.words[0]), IPAddress(options.words[1])));
    else
        for_each_word(options.words, [&](std::string_view text) { builder.add(parse_range(text, options.loose)); });
    print_networks(builder.build(), options.json);
    return exit_code::ok;
}

int run_ip_list(const IpOptions& options) {
    OutputBuffer out;
    std::uint64_t left = options.limit.value_or(UINT64_MAX);
    auto add = [&](const auto& addresses) {
        for (auto address = addresses.begin(); address != addresses.end() && left != 0; ++address, --left) {
            auto text = (*address).to_string();
            out.line(options.json ? JsonObject().add("schema", "bight.ip/1").add("address", text).text() : text);
        }
    };
    for_each_word(options.words, [&](std::string_view text) {
        if (text.find('-') != text.npos)
            add(AddressSet{parse_range(text, options.loose)});
        else if (IPNetwork network(text, {.strict = !options.loose}); options.hosts)
            add(network.hosts());
        else
            add(network);
    });
    out.flush();
    return exit_code::ok;
}

// ---- lookup. -----------------------------------------------------------------------------------------------------------

namespace {

/// Lines "NETWORK VALUE", the value being the rest of the line; of two equal networks the last one counts.
PrefixMap<std::string> read_map(const std::string& file, bool loose) {
    constexpr std::string_view blanks = " \t\r";
    PrefixMap<std::string> map;
    LineReader lines(file);
    while (auto line = lines.next()) {
        auto text = line->text;
        text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
        text.remove_suffix(text.size() - (text.find_last_not_of(blanks) + 1));
        if (text.empty() || text.front() == '#') continue;
        auto network = text.substr(0, text.find_first_of(blanks));
        auto value = text.substr(network.size());
        value.remove_prefix(std::min(value.find_first_not_of(blanks), value.size()));
        try {
            if (line->cut) throw ValueError("the line is too long");
            map.insert_or_assign(IPNetwork(network, {.strict = !loose}), std::string(value));
        } catch (const ValueError& error) {
            throw ValueError(fmt::format("{}:{}: {}", lines.name(), line->number, error.what()));
        }
    }
    return map;
}

}  // namespace

int run_ip_lookup(const IpOptions& options) {
    auto map = read_map(word(options, 0, "the file"), options.loose);
    OutputBuffer out;
    bool all = true;
    for_each_word(std::span(options.words).subspan(1), [&](std::string_view text) {
        auto found = map.longest_match(ip_address(text));
        all = all && found;
        JsonObject object;
        if (options.json) {
            object.add("schema", "bight.ip/1").add("address", text);
            if (found)
                object.add("network", found->network.to_string()).add("value", found->value);
            else
                object.add_null("network").add_null("value");
            out.line(object.text());
        } else {
            out.line(found ? fmt::format("{}\t{}\t{}", text, found->network.to_string(), found->value)
                           : fmt::format("{}\t-", text));
        }
    });
    out.flush();
    return all ? exit_code::ok : exit_code::no;
}

}  // namespace bight::tool
