// SPDX-License-Identifier: BSL-1.0
#include "exit_code.h"
#include "ip.h"
#include "ip_input.h"
#include "json.h"
#include "talk.h"

#include <bight/error.h>
#include <bight/ipaddress.h>
#include <bight/ipaddress/prefix_map.h>
#include <bight/printable.h>

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace bight::tool {
namespace {

using namespace ipaddress;

const std::string& word(const IpOptions& options, std::size_t index, const char* what) {
    if (index >= options.words.size()) throw ValueError(fmt::format("{} is missing", what));
    return options.words[index];
}

void refuse_words_from(const IpOptions& options, std::size_t index) {
    if (index < options.words.size()) throw ValueError(fmt::format("what is '{}' for?", options.words[index]));
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

int run_ip_contains(const IpOptions& options, OutputBuffer& out) {
    AddressSetBuilder networks;
    add_ranges(networks, word(options, 0, "the network"), options.loose);
    auto outer = networks.build();
    bool all = true;
    for_each_word(std::span(options.words).subspan(1), out, [&](std::string_view text) {
        bool holds = outer.contains(parse_range(text, options.loose));
        all = all && holds;
        if (options.json)
            out.line(JsonObject().add("schema", "bight.ip/1").add("text", text).add("contained", holds).text());
        else
            out.line(fmt::format("{}\t{}", printable(text), holds ? "yes" : "no"));
    });
    return all ? exit_code::ok : exit_code::no;
}

int run_ip_collapse(const IpOptions& options, OutputBuffer& out) {
    print_networks(read_set(options.words, options.loose, out), options.json, out);
    return exit_code::ok;
}

int run_ip_subtract(const IpOptions& options, OutputBuffer& out) {
    auto [taken, files] = patterns_of(options, out);
    print_networks(read_set(files, options.loose, out).difference(taken), options.json, out);
    return exit_code::ok;
}

int run_ip_split(const IpOptions& options, OutputBuffer& out) {
    refuse_words_from(options, 2);
    IPNetwork network(word(options, 0, "the network"), {.strict = !options.loose});
    int prefixlen = number(word(options, 1, "the prefix length"));
    // subnets() would give back a single address, whatever it is asked for, as Python does.
    if (prefixlen < network.prefixlen() || prefixlen > network.max_prefixlen())
        throw ValueError(
            fmt::format("the prefix length is from {} to {}", network.prefixlen(), network.max_prefixlen()));
    auto subnets = network.subnets({.new_prefix = prefixlen});
    std::uint64_t left = options.limit.value_or(UINT64_MAX);
    for (auto subnet = subnets.begin(); subnet != subnets.end() && left != 0; ++subnet, --left)
        add_network(out, *subnet, options.json);
    return exit_code::ok;
}

int run_ip_range(const IpOptions& options, OutputBuffer& out) {
    AddressSetBuilder builder;
    auto& words = options.words;
    auto single = std::ranges::find_if(words, [](auto& text) { return IPAddress::parse(text).has_value(); });
    if (words.size() == 2 && single == words.begin() && IPAddress::parse(words[1])) {
        builder.add(AddressRange(IPAddress(words[0]), IPAddress(words[1])));
    } else {
        if (words.size() > 1 && single != words.end())
            throw ValueError(fmt::format("{}: FIRST LAST stand alone; of several ranges each is FIRST-LAST", *single));
        for_each_word(words, out, [&](std::string_view text) { builder.add(parse_range(text, options.loose)); });
    }
    print_networks(builder.build(), options.json, out);
    return exit_code::ok;
}

int run_ip_list(const IpOptions& options, OutputBuffer& out) {
    std::uint64_t left = options.limit.value_or(UINT64_MAX);
    auto add = [&](const auto& addresses) {
        for (auto address = addresses.begin(); address != addresses.end() && left != 0; ++address, --left) {
            auto text = (*address).to_string();
            out.line(options.json ? JsonObject().add("schema", "bight.ip/1").add("address", text).text() : text);
        }
    };
    for_each_word(options.words, out, [&](std::string_view text) {
        bool strict = !options.loose;
        bool is_range = text.find('-') != text.npos &&
                        !IPNetwork::parse(text, {.strict = strict});  // zones hold '-' too
        if (is_range && options.hosts)
            throw ValueError(fmt::format("--hosts is for networks, and {} is a range", text));
        if (is_range)
            add(AddressSet{parse_range(text, options.loose)});
        else if (IPNetwork network(text, {.strict = strict}); options.hosts)
            add(network.hosts());
        else
            add(network);
    });
    return exit_code::ok;
}

// ---- lookup. -----------------------------------------------------------------------------------------------------------

namespace {

/// Lines "NETWORK VALUE", the value being the rest of the line; of two equal networks the last one counts.
PrefixMap<std::string> read_map(const std::string& path, bool loose, OutputBuffer& out) {
    PrefixMap<std::string> map;
    InputFile file(path, out);
    LineReader lines(file);
    while (auto line = lines.next()) {
        auto text = trim(line->text);
        if (text.empty() || text.front() == '#') continue;
        auto [network, value] = split_word(text);
        try {
            if (line->cut) throw ValueError("the line is too long");
            map.insert_or_assign(IPNetwork(network, {.strict = !loose}), std::string(value));
        } catch (const ValueError& error) {
            throw ValueError(fmt::format("{}:{}: {}", file.name(), line->number, error.what()));
        }
    }
    return map;
}

}  // namespace

int run_ip_lookup(const IpOptions& options, OutputBuffer& out) {
    auto map = read_map(word(options, 0, "the file"), options.loose, out);
    bool all = true;
    for_each_word(std::span(options.words).subspan(1), out, [&](std::string_view text) {
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
            out.line(found ? fmt::format("{}\t{}\t{}", printable(text), found->network.to_string(),
                                         printable(found->value, "\t"))
                           : fmt::format("{}\t-", printable(text)));
        }
    });
    return all ? exit_code::ok : exit_code::no;
}

}  // namespace bight::tool
