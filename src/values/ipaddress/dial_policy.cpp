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

Verdict DialPolicy::judge_alone(const IPAddress& address) const {
    const RegistryRow* row = classify(address);
    for (const Rule& rule : rules_)
        if (rule.addresses.contains(address)) return {rule.allows, address, rule.reason, row};
    if (last_ == Last::allow) return {true, address, "no rule denies it", row};
    if (last_ == Last::deny) return {false, address, "no rule allows it", row};
    if (is_public(address)) return {true, address, "public", row};
    return {false, address, not_public(address, row), row};
}

Verdict DialPolicy::judge(const IPAddress& address) const {
    auto inner = embedded_ipv4(address);
    if (!inner) return judge_alone(address);
    auto inside = judge_alone(*inner);
    bool is_mapped = address.v6().ipv4_mapped().has_value();
    return is_mapped || !inside ? inside : judge_alone(address);
}

Verdict DialPolicy::judge(const bight::Address& address) const {
    if (auto host = host_of(address)) return judge(*host);
    return {false, {}, "not the address of an IP host", nullptr};
}

}  // namespace bight::ipaddress
