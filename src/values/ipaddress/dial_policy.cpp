// SPDX-License-Identifier: BSL-1.0
#include <bight/ipaddress/dial_policy.h>

#include <ostream>

namespace bight::ipaddress {
namespace {

/// Why is_public() says no.
std::string not_public(const IPAddress& address, const RegistryRow* row) {
    if (row) return std::string(row->name) + " (" + std::string(row->rfc) + ')';
    if (address.is_multicast()) return "multicast";
    if (address.is_site_local()) return "site-local (RFC 3879)";
    return "reserved";
}

}  // namespace

std::string Verdict::to_string() const { return address.to_string() + (allowed ? " allowed: " : " denied: ") + reason; }

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) { return out << verdict.to_string(); }

DialPolicy& DialPolicy::nat64_prefix(const IPNetwork& prefix) & {
    int length = prefix.version() == 6 ? prefix.prefixlen() : 0;
    if (length != 96 && (length < 32 || length > 64 || length % 8 != 0))
        throw ValueError(prefix.to_string() + " is no NAT64 prefix: those have 32, 40, 48, 56, 64 or 96 bits");
    nat64_prefixes_.push_back(prefix.v6());
    return *this;
}

const DialPolicy::Rule* DialPolicy::rule_for(const IPAddress& address) const noexcept {
    for (const Rule& rule : rules_)
        if (rule.addresses.contains(address)) return &rule;
    return nullptr;
}

/// Without a look inside.
Verdict DialPolicy::judge_alone(const IPAddress& address) const {
    const RegistryRow* row = classify(address);
    if (const Rule* rule = rule_for(address)) return {rule->allows, address, rule->reason, row};
    if (last_ == Last::allow) return {true, address, "no rule denies it", row};
    if (last_ == Last::deny) return {false, address, "no rule allows it", row};
    if (address.version() == 4 ? is_public(address.v4()) : detail::is_public_outside(address.v6()))
        return {true, address, "public", row};
    return {false, address, not_public(address, row), row};
}

Verdict DialPolicy::judge(const IPAddress& address) const {
    if (address.version() == 4) return judge_alone(address);
    const IPv6Address& outside = address.v6();
    if (outside.ipv4_mapped()) {
        if (const Rule* rule = rule_for(address); rule && !rule->allows)
            return {false, address, rule->reason, classify(address)};
        return judge_alone(*outside.ipv4_mapped());
    }
    bool is_told = false;
    for (const IPv6Network& prefix : nat64_prefixes_) {
        if (!prefix.contains(outside)) continue;
        is_told = true;
        auto verdict = judge_alone(IPv4Address(detail::behind_nat64(outside, prefix.prefixlen())));
        if (!verdict) return verdict;
    }
    constexpr IPv6Network for_local_use("64:ff9b:1::/48");
    if (!is_told || !for_local_use.contains(outside))  // where it is told, there is nothing to guess
        for (const IPv4Address& inside : embedded_ipv4s(outside))
            if (auto verdict = judge_alone(inside); !verdict) return verdict;
    return judge_alone(address);
}

Verdict DialPolicy::judge(const bight::Address& address) const {
    if (auto host = host_of(address)) return judge(*host);
    return {false, {}, "not the address of an IP host", nullptr};
}

}  // namespace bight::ipaddress
