// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/ipaddress.h>
#include <bight/ipaddress/address_set.h>

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace bight::ipaddress {

/// What a DialPolicy says about an address, and why.
struct Verdict {
    bool allowed = false;
    IPAddress address;                 // what decided: the address asked about, or the IPv4 address inside it
    std::string reason;                // of the rule that decided
    const RegistryRow* row = nullptr;  // the special-purpose block that `address` is in, if any

    explicit operator bool() const noexcept { return allowed; }

    /// "10.0.0.1 denied: Private-Use (RFC 1918)"
    std::string to_string() const;
};

std::ostream& operator<<(std::ostream& out, const Verdict& verdict);

/// Which addresses a program may connect to, for programs that connect where strangers tell them to.
///
///     auto policy = DialPolicy::public_only().allow({"10.7.0.0/16"_net}, "our own proxies");
///     if (auto verdict = policy.judge(socket.getpeername()); !verdict) log(verdict.to_string());
///
/// Ask about the address that was really connected to, or will be: a name may resolve to another one the next time.
/// Rules are asked in the order in which they were added; the first one that holds the address decides. Of an address
/// that holds IPv4 addresses, by embedded_ipv4s() or behind a nat64_prefix(), each of those must be allowed as well. A
/// mapped address is otherwise judged as its IPv4 address. What no form of an address tells stays unseen: tunnels and
/// translators of somebody else's.
class DialPolicy {
public:
    /// Allows what is_public() says, by the IANA registries: no loopback, private, link-local, shared, documentation,
    /// multicast or reserved addresses. Rules that are added stand before this one.
    static DialPolicy public_only() { return DialPolicy(Last::public_only); }

    /// Allows, or denies, whatever no rule speaks of.
    static DialPolicy allow_all() { return DialPolicy(Last::allow); }
    static DialPolicy deny_all() { return DialPolicy(Last::deny); }

    DialPolicy& allow(AddressSet addresses, std::string reason) & { return add(true, addresses, reason); }
    DialPolicy& deny(AddressSet addresses, std::string reason) & { return add(false, addresses, reason); }
    DialPolicy allow(AddressSet addresses, std::string reason) && { return std::move(add(true, addresses, reason)); }
    DialPolicy deny(AddressSet addresses, std::string reason) && { return std::move(add(false, addresses, reason)); }

    /// A prefix behind which the network's own translator reaches IPv4 (RFC 6052): it says where in an address the IPv4
    /// address is, also within 64:ff9b:1::/48. Raises ValueError unless it is of 32, 40, 48, 56, 64 or 96 bits of IPv6.
    DialPolicy& nat64_prefix(const IPNetwork& prefix) &;
    DialPolicy nat64_prefix(const IPNetwork& prefix) && { return std::move(nat64_prefix(prefix)); }

    Verdict judge(const IPAddress& address) const;

    /// Denies what is no address of an IP host, such as a Unix path, whatever the rules say.
    Verdict judge(const bight::Address& address) const;

private:
    enum class Last { public_only, allow, deny };

    struct Rule {
        bool allows;
        AddressSet addresses;
        std::string reason;
    };

    explicit DialPolicy(Last last) noexcept : last_(last) {}

    DialPolicy& add(bool allows, AddressSet& addresses, std::string& reason) {
        rules_.push_back({allows, std::move(addresses), std::move(reason)});
        return *this;
    }

    const Rule* rule_for(const IPAddress& address) const noexcept;
    Verdict judge_alone(const IPAddress& address) const;

    std::vector<Rule> rules_;
    std::vector<IPv6Network> nat64_prefixes_;
    Last last_;
};

}  // namespace bight::ipaddress
