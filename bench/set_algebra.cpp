// SPDX-License-Identifier: BSL-1.0
// Claim: collapsing a million networks, and the algebra of sets of a million networks, takes a hundredth of what Python
// needs. Run by bench/set_algebra.py, which does the same in Python and compares the results:
//     set_algebra COUNT FILE      writes two lists of COUNT networks to FILE, then one JSON object a row
#include <bight/ipaddress.h>
#include <bight/ipaddress/address_set.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace bight::ipaddress;
using Networks = std::vector<IPNetwork>;

Networks random_networks(std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    Networks networks;
    networks.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        IPv4Address address(static_cast<std::uint32_t>(random()));
        networks.push_back(IPv4Network(address, 16 + static_cast<int>(random() % 13), {.strict = false}));
    }
    return networks;
}

double processor_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// How many networks, and a sum that tells different lists apart.
std::string described(const Networks& networks) {
    std::uint64_t sum = 0;
    for (const auto& network : networks)
        sum = sum * 31 + network.v4().network_address().to_int() + static_cast<unsigned>(network.prefixlen());
    return "\"networks\": " + std::to_string(networks.size()) + ", \"sum\": " + std::to_string(sum);
}

/// The best of five: what else runs can only add.
template <class Work>
void row(const char* name, Work work) {
    double best = 1e9;
    Networks result;
    for (int i = 0; i < 5; ++i) {
        double start = processor_seconds();
        result = work();
        best = std::min(best, processor_seconds() - start);
    }
    std::printf("{\"name\": \"%s\", \"seconds\": %.6f, %s}\n", name, best, described(result).c_str());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    auto count = std::strtoul(argv[1], nullptr, 10);
    auto a = random_networks(count, 1), b = random_networks(count, 2);
    std::ofstream out(argv[2]);
    for (const auto& list : {a, b})
        for (const auto& network : list)
            out << network.v4().network_address().to_int() << ' ' << network.prefixlen() << '\n';
    out.close();
    if (!out) return 1;
    row("collapse", [&] { return collapse_addresses(a); });
    row("union", [&] { return (AddressSet(a) | AddressSet(b)).networks(); });
    row("intersection", [&] { return (AddressSet(a) & AddressSet(b)).networks(); });
    row("difference", [&] { return (AddressSet(a) - AddressSet(b)).networks(); });
}
