// SPDX-License-Identifier: BSL-1.0
// The headers of bight/options against the platform, and against the dump.
#include <bight/options.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/vm_sockets.h>
#include <netinet/udp.h>

namespace bight {
namespace {

// ---- What the headers write down, held against the platform. -----------------------------------------------------------

static_assert(sizeof(options::Linger::Wire) == sizeof(::linger));
static_assert(sizeof(options::KernelTime::Wire) == sizeof(::timeval));
static_assert(sizeof(options::TransmitTime::Wire) == sizeof(::sock_txtime));
static_assert(sizeof(options::MemoryInfo::Wire) == SK_MEMINFO_VARS * sizeof(std::uint32_t));
static_assert(sizeof(options::BpfProgram::Wire) == sizeof(::sock_fprog));
static_assert(offsetof(options::BpfProgram::Wire, instructions) == offsetof(::sock_fprog, filter));
static_assert(sizeof(options::BpfInstruction) == sizeof(::sock_filter));
static_assert(static_cast<int>(options::MtuDiscover::omit) == IP_PMTUDISC_OMIT);
static_assert(static_cast<int>(options::Timestamping::software) == SOF_TIMESTAMPING_SOFTWARE);
static_assert(static_cast<int>(options::Timestamping::raw_hardware) == SOF_TIMESTAMPING_RAW_HARDWARE);
static_assert(static_cast<int>(options::Timestamping::opt_id_tcp) == 1 << 16);

/// What stands in the headers: for each option its C++ name, number and platform's name.
struct Written {
    std::string identifier, access, number, text;
};

std::vector<Written> written_options() {
    std::vector<Written> all;
    const std::regex form(R"(inline constexpr Option<([^{]*)>\s*(\w+)\{\s*(\w+),\s*(\w+),\s*"(\w+)\")");
    for (const char* name : {"generic", "inet", "tcp", "families"}) {
        std::ostringstream file;
        file << std::ifstream(std::string("include/bight/options/") + name + ".h").rdbuf();
        std::string text = file.str();
        auto lines = std::count(text.begin(), text.end(), '{');
        EXPECT_GT(lines, 5) << name;
        for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at)
            all.push_back({(*at)[2], (*at)[1], (*at)[4], (*at)[5]});
        std::size_t declared = 0;
        for (auto at = text.find("inline constexpr"); at != text.npos; at = text.find("inline constexpr", at + 1))
            ++declared;
        std::size_t found = 0;
        for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at) ++found;
        EXPECT_EQ(found, declared) << name << ": the expression above does not see all of them";
    }
    return all;
}

// Those that stand as numbers, as far as the headers here know them.
const std::map<std::string, int> known{
#define KNOWN(name) {#name, name}
    KNOWN(SO_BINDTOIFINDEX),
    KNOWN(SO_SNDBUFFORCE),
    KNOWN(SO_RCVBUFFORCE),
    KNOWN(SO_BUF_LOCK),
    KNOWN(SO_RESERVE_MEM),
    KNOWN(SO_MEMINFO),
    KNOWN(SO_TXTIME),
    KNOWN(SO_RCVMARK),
    KNOWN(SO_ZEROCOPY),
    KNOWN(SO_MAX_PACING_RATE),
    KNOWN(SO_NO_CHECK),
    KNOWN(SO_TXREHASH),
    KNOWN(SO_PREFER_BUSY_POLL),
    KNOWN(SO_BUSY_POLL_BUDGET),
    KNOWN(SO_INCOMING_NAPI_ID),
    KNOWN(SO_ATTACH_REUSEPORT_CBPF),
    KNOWN(SO_PEERGROUPS),
    KNOWN(SO_COOKIE),
    KNOWN(SO_NETNS_COOKIE),
    KNOWN(UDP_CORK),
    KNOWN(UDP_SEGMENT),
    KNOWN(UDP_GRO),
    KNOWN(UDP_ENCAP),
    KNOWN(UDP_NO_CHECK6_TX),
    KNOWN(UDP_NO_CHECK6_RX),
    KNOWN(NETLINK_ADD_MEMBERSHIP),
    KNOWN(NETLINK_DROP_MEMBERSHIP),
    KNOWN(NETLINK_PKTINFO),
    KNOWN(NETLINK_BROADCAST_ERROR),
    KNOWN(NETLINK_NO_ENOBUFS),
    KNOWN(NETLINK_LISTEN_ALL_NSID),
    KNOWN(NETLINK_CAP_ACK),
    KNOWN(NETLINK_EXT_ACK),
    KNOWN(NETLINK_GET_STRICT_CHK),
    KNOWN(SO_VM_SOCKETS_BUFFER_SIZE),
    KNOWN(SO_VM_SOCKETS_BUFFER_MIN_SIZE),
    KNOWN(SO_VM_SOCKETS_BUFFER_MAX_SIZE),
    KNOWN(SO_VM_SOCKETS_CONNECT_TIMEOUT),
#undef KNOWN
    // Newer than the headers of the base: from the kernel's include/uapi.
    {"SO_PEERPIDFD", 77},
    {"SO_PASSPIDFD", 76},
    {"SO_PASSRIGHTS", 83},
    {"IP_LOCAL_PORT_RANGE", 51},
    {"TCP_RTO_MAX_MS", 44},
    {"TCP_RTO_MIN_US", 45},
    {"TCP_DELACK_MAX_US", 46},
    {"TCP_IS_MPTCP", 43},
};

TEST(OptionTable, each_number_is_that_of_its_name) {
    auto all = written_options();
    EXPECT_GT(all.size(), 150u);
    std::set<std::string> identifiers, names;
    for (auto& [identifier, access, number, text] : all) {
        EXPECT_TRUE(identifiers.insert(identifier).second) << identifier << " is there twice";
        EXPECT_TRUE(names.insert(text).second) << text << " is there twice";
        if (std::isdigit(static_cast<unsigned char>(number[0]))) {
            ASSERT_TRUE(known.contains(text)) << text;
            EXPECT_EQ(std::stoi(number), known.at(text)) << text;
        } else {
            EXPECT_EQ(number, text) << identifier;
        }
    }
}

TEST(OptionTable, the_dump_asks_for_each_that_can_be_read_without_harm) {
    std::ostringstream file;
    file << std::ifstream("src/blocking/options_dump.cpp").rdbuf();
    const std::set<std::string> harmful{"error", "tcp_saved_syn", "peer_pidfd"};
    for (auto& [identifier, access, number, text] : written_options()) {
        bool wanted = access.find("Access::write") == access.npos && !harmful.contains(identifier);
        EXPECT_EQ(std::regex_search(file.str(), std::regex("[(, ]" + identifier + "[,)]")), wanted) << identifier;
    }
}

}  // namespace
}  // namespace bight
