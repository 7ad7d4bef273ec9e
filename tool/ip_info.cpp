// SPDX-License-Identifier: BSL-1.0
#include "exit_code.h"
#include "ip.h"
#include "ip_facts.h"
#include "ip_input.h"
#include "talk.h"

#include <bight/printable.h>

#include <fmt/core.h>

namespace bight::tool {
namespace {

using namespace ipaddress;

std::string registry_text(const RegistryRow& row) {
    return fmt::format("{}, {} ({}, registry of {})", row.network.to_string(), row.name, row.rfc, registry_date());
}

template <class Value>
std::string uses_of(const Value& value) {
    std::string text;
    auto add = [&](bool holds, std::string_view name) {
        if (!holds) return;
        if (!text.empty()) text += ", ";
        text += name;
    };
    add(value.is_global(), "global");
    add(value.is_private(), "private");
    add(value.is_loopback(), "loopback");
    add(value.is_link_local(), "link-local");
    add(value.is_site_local(), "site-local");
    add(value.is_multicast(), "multicast");
    add(value.is_reserved(), "reserved");
    add(value.is_unspecified(), "unspecified");
    return text.empty() ? "none of the special ones" : text;
}

class Report {
public:
    void line(std::string_view name, std::string_view value) {
        text_ += fmt::format("{:<12}{}\n", name, printable(value));  // zones are whatever somebody wrote
    }
    void registry(const IPNetwork& network) {
        if (auto* row = classify(network)) line("registry", registry_text(*row));
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

std::string about_address(const IPAddress& address) {
    Report report;
    report.line("address", address.to_string());
    if (address.version() == 6) report.line("exploded", address.exploded());
    report.line("number", Count(address.to_int()).to_string());
    report.line("use", uses_of(address));
    report.registry(IPNetwork(address));
    if (auto inner = embedded_ipv4(address)) report.line("holds", inner->to_string());
    report.line("reverse", address.reverse_pointer());
    return report.text();
}

std::string about_network(const IPNetwork& network) {
    Report report;
    report.line("network", network.to_string());
    report.line("netmask", network.netmask().to_string());
    report.line("first", network.network_address().to_string());
    report.line("last", network.broadcast_address().to_string());
    report.line("addresses", network.num_addresses().to_string());
    report.line("use", uses_of(network));
    report.registry(network);
    return report.text();
}

void add_registry(JsonObject& object, const RegistryRow* row) {
    if (row)
        object.add("registry", JsonObject()
                                   .add("network", row->network.to_string())
                                   .add("name", row->name)
                                   .add("rfc", row->rfc)
                                   .add("date", registry_date()));
    else
        object.add_null("registry");
}

/// An address, a network, or with host bits set an interface: its address and its network.
std::string about(std::string_view text, bool json) {
    auto interface = ip_interface(text);
    bool is_address = text.find('/') == text.npos;
    auto network = is_address ? IPNetwork(ip_address(text)) : interface.network();
    bool is_network = !is_address && network.network_address().to_int() == interface.ip().to_int();
    if (!json) {
        if (is_address) return about_address(ip_address(text));
        return is_network ? about_network(network) : about_address(interface.ip()) + about_network(network);
    }
    JsonObject object;
    object.add("schema", "bight.ip/1").add("kind", is_address ? "address" : is_network ? "network" : "interface");
    if (is_address)
        add_facts(object, ip_address(text));
    else if (is_network)
        add_facts(object, network);
    else
        add_facts(object, interface);
    add_registry(object, classify(network));
    return object.text() + '\n';
}

}  // namespace

int run_ip_info(const IpOptions& options, OutputBuffer& out) {
    bool first = true;
    for_each_word(options.words, out, [&](std::string_view word) {
        auto text = about(word, options.json);
        if (!first && !options.json) out.add("\n");
        first = false;
        out.add(text);
    });
    return exit_code::ok;
}

int run_ip_reverse(const IpOptions& options, OutputBuffer& out) {
    for_each_word(options.words, out, [&](std::string_view word) {
        auto pointer = word.find('/') == word.npos ? ip_address(word).reverse_pointer()
                                                   : ip_network(word, {.strict = !options.loose}).reverse_pointer();
        out.line(options.json
                     ? JsonObject().add("schema", "bight.ip/1").add("text", word).add("reverse_pointer", pointer).text()
                     : printable(pointer));
    });
    return exit_code::ok;
}

}  // namespace bight::tool
