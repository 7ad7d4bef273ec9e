// SPDX-License-Identifier: BSL-1.0
// Claim: with 900,000 IPv4 prefixes shaped like the global routing table, PrefixMap is built in less than half a second,
// takes less than 16 bytes a prefix, and answers in less than 30 ns. Beside it a hash table for each prefix length.
#include <bight/ipaddress.h>
#include <bight/ipaddress/prefix_map.h>

#include "support/claims.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <unordered_map>
#include <vector>

namespace {

using namespace bight::ipaddress;
using bench::Claim;
using bench::Side;

constexpr std::size_t prefixes = 900'000, questions = std::size_t{1} << 20;

constexpr std::uint32_t mask(int length) { return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length); }

/// Half of the prefixes are /24, most others /16 and /19 to /23, spread over some 45,000 blocks of 16 bits, a few of which
/// hold many more than the others.
class Table {
public:
    Table() {
        std::vector<double> weights{0,   0,    0,    0,     0,    0,     0,     0,     16,    13,     41,    104,   306,
                                    592, 1210, 2060, 13500, 8300, 13800, 25200, 44000, 52000, 110000, 99000, 560000};
        std::discrete_distribution<int> length(weights.begin(), weights.end());
        std::vector<std::uint32_t> blocks(45'000);
        for (auto& block : blocks) block = anywhere() & 0xffff0000;
        while (networks.size() < prefixes) {
            int bits = length(random_);
            double place = share() * share();
            std::uint32_t address = bits <= 16 ? anywhere()
                                               : blocks[static_cast<std::size_t>(place * 45'000)] |
                                                     (static_cast<std::uint32_t>(random_()) & 0xffff);
            address &= mask(bits);
            if (by_length[bits].try_emplace(address, networks.size()).second)
                networks.emplace_back(IPv4Network(IPv4Address(address), bits));
        }
        for (std::size_t i = 0; i < questions; ++i) asked.emplace_back(static_cast<std::uint32_t>(random_()));
        for (std::size_t i = 0; i < questions; ++i) {
            auto& network = networks[random_() % prefixes].v4();
            inside.push_back(network[random_() % network.num_addresses()]);
        }
    }

    std::vector<IPNetwork> networks;
    std::vector<IPv4Address> asked, inside;
    std::unordered_map<std::uint32_t, std::uint32_t> by_length[33];
    PrefixMap<std::uint32_t> map;

private:
    double share() { return static_cast<double>(random_() % 1'000'000) / 1e6; }
    std::uint32_t anywhere() {
        return static_cast<std::uint32_t>(1 + random_() % 223) << 24 |
               (static_cast<std::uint32_t>(random_()) & 0xffffff);
    }

    std::mt19937_64 random_{1};
};

std::uint32_t by_hash(const Table& table, IPv4Address address) {
    for (int length = 32; length >= 0; --length) {
        if (table.by_length[length].empty()) continue;
        auto found = table.by_length[length].find(address.to_int() & mask(length));
        if (found != table.by_length[length].end()) return found->second;
    }
    return 0;
}

std::shared_ptr<Table> make_table() {
    auto table = std::make_shared<Table>();
    auto start = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < prefixes; ++i) table->map.insert(table->networks[i], i);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::fprintf(stderr, "prefix_map: %zu prefixes in %.3f s, %.1f bytes each with a value of 4\n", table->map.size(),
                 took.count(), static_cast<double>(table->map.memory()) / prefixes);
    std::uint32_t sum = 0;
    start = std::chrono::steady_clock::now();
    for (auto address : table->asked)
        if (auto* value = table->map.lookup(address)) sum += *value;
    took = std::chrono::steady_clock::now() - start;
    std::fprintf(stderr, "prefix_map: %.1f ns a look-up of a random address, nothing else running in between (%u)\n",
                 took.count() * 1e9 / questions, sum);
    for (auto address : table->asked) {
        auto* value = table->map.lookup(address);
        if ((value ? *value : 0) != by_hash(*table, address)) std::abort();
    }
    return table;
}

Claim look_up(const std::string& name, std::shared_ptr<Table> table, std::vector<IPv4Address> Table::* addresses) {
    auto over_all = [table, addresses](auto one) -> Side {
        return [table, addresses, one, at = std::size_t{0}](long turns) mutable {
            std::uint32_t sum = 0;
            for (long i = 0; i < turns; ++i) sum += one(*table, ((*table).*addresses)[at++ % questions]);
            asm volatile("" ::"r"(sum));
        };
    };
    auto ours = [](const Table& all, IPv4Address address) {
        auto* value = all.map.lookup(address);
        return value ? *value : 0;
    };
    return {name, 0.5, 0, over_all(ours), over_all(by_hash)};
}

std::vector<Claim> claims() {
    auto table = make_table();
    return {look_up("look-up, random / hash by length", table, &Table::asked),
            look_up("look-up, in the table / hash by length", table, &Table::inside)};
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }
