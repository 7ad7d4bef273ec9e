// SPDX-License-Identifier: BSL-1.0
// docs/parity-MODULE.tsv against CPython's module and our headers; the constants against CPython's values.

#include <bight/constants.h>
#include <bight/file.h>
#include <bight/inet.h>
#include <bight/interfaces.h>
#include <bight/message.h>
#include <bight/netdb.h>
#include <bight/resolver.h>
#include <bight/socket.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace bight::socket {
namespace {

std::map<std::string, std::string> table(const std::string& module) {
    std::map<std::string, std::string> states;
    std::ifstream file("docs/parity-" + module + ".tsv");
    std::string line;
    std::getline(file, line);  // the headings
    while (std::getline(file, line)) {
        auto tab = line.find('\t');
        EXPECT_TRUE(states.emplace(line.substr(0, tab), line.substr(tab + 1)).second) << line << ": there twice";
    }
    return states;
}

/// Every word of the public headers.
std::set<std::string> words_of_headers() {
    std::string text;
    for (auto& entry : std::filesystem::recursive_directory_iterator("include/bight"))
        if (entry.is_regular_file()) {
            std::ostringstream all;
            all << std::ifstream(entry.path()).rdbuf();
            text += all.str() + '\n';
        }
    std::set<std::string> words;
    std::string word;
    for (char c : text)
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '_')
            word += c;
        else if (!word.empty())
            words.insert(std::exchange(word, {}));
    return words;
}

class Parity : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, Parity, ::testing::Values("socket", "select", "selectors", "socketserver"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(Parity, the_table_has_every_name_of_cpython) {
    auto states = table(GetParam());
    std::size_t names = 0;
    for (auto& name : testing::oracle("tests/blocking/parity_oracle.py", {GetParam()})) {
        ++names;
        EXPECT_TRUE(states.contains(name)) << name << " is missing";
    }
    const std::map<std::string, std::size_t> expected{
        {"socket", 400}, {"select", 45}, {"selectors", 60}, {"socketserver", 300}};
    EXPECT_GT(names, expected.at(GetParam()));
    EXPECT_EQ(states.size(), names) << "names that CPython does not have";
}

TEST_P(Parity, each_state_is_one_of_four_and_true) {
    auto words = words_of_headers();
    const std::regex form(
        R"(done|done as ([\w:]+)|done \(macro, <[\w/.]+>\)|done \(constant, bight/constants\.h\)|n\.a\. because .+)");
    const std::regex word(R"(\w+)");
    for (auto& [name, state] : table(GetParam())) {
        std::smatch match;
        ASSERT_TRUE(std::regex_match(state, match, form)) << name << ": " << state;
        auto wanted = match[1].matched ? match[1].str() : name.substr(name.find('.') + 1);
        if (!state.starts_with("done") || state.starts_with("done (macro")) continue;
        for (std::sregex_iterator part(wanted.begin(), wanted.end(), word), end; part != end; ++part)
            EXPECT_TRUE(words.contains(part->str())) << name << ": " << state;
    }
}

/// The names of ours that the table of socket may point to: what is not there does not compile. A method has "Socket::"
/// before it.
std::set<std::string> names_of_socket() {
    std::set<std::string> names;
    // clang-format off
#define FUNCTION(name) { using bight::socket::name; names.insert(#name); }
#define VALUE(name) { (void)bight::socket::name; names.insert(#name); }
#define CLASS(name) { using bight::name; names.insert(#name); }
#define METHOD(name) { struct Use : Socket { using Socket::name; }; names.insert("Socket::" #name); }
    FUNCTION(close) FUNCTION(cmsg_len) FUNCTION(cmsg_space) FUNCTION(create_connection) FUNCTION(create_server)
    FUNCTION(dup) FUNCTION(fromfd) FUNCTION(getaddrinfo) FUNCTION(getdefaulttimeout) FUNCTION(getfqdn)
    FUNCTION(gethostbyaddr) FUNCTION(gethostbyname) FUNCTION(gethostbyname_ex) FUNCTION(gethostname)
    FUNCTION(getnameinfo) FUNCTION(getprotobyname) FUNCTION(getservbyname) FUNCTION(getservbyport)
    FUNCTION(has_dualstack_ipv6) FUNCTION(if_indextoname) FUNCTION(if_nameindex)
    FUNCTION(if_nametoindex) FUNCTION(inet_aton) FUNCTION(inet_ntoa) FUNCTION(inet_ntop) FUNCTION(inet_pton)
    FUNCTION(recv_fds) FUNCTION(send_fds) FUNCTION(setdefaulttimeout) FUNCTION(sethostname) FUNCTION(socketpair)
    VALUE(has_ipv6) CLASS(BufferedRWPair) CLASS(Family) CLASS(GaiError) CLASS(HError) CLASS(Kind) CLASS(OSError)
    CLASS(Socket)
    CLASS(TimeoutError)
    METHOD(accept) METHOD(bind) METHOD(close) METHOD(connect) METHOD(connect_ex) METHOD(detach) METHOD(dup)
    METHOD(family) METHOD(fileno) METHOD(get_inheritable) METHOD(getblocking) METHOD(getpeername) METHOD(getsockname)
    METHOD(getsockopt) METHOD(gettimeout) METHOD(kind) METHOD(listen) METHOD(makefile) METHOD(proto) METHOD(recv)
    METHOD(recv_into) METHOD(recvfrom) METHOD(recvfrom_into) METHOD(recvmsg) METHOD(recvmsg_into) METHOD(send)
    METHOD(sendall) METHOD(sendfile) METHOD(sendmsg) METHOD(sendmsg_afalg) METHOD(sendto) METHOD(set_inheritable)
    METHOD(setblocking)
    METHOD(setsockopt) METHOD(settimeout) METHOD(shutdown)
#undef FUNCTION
#undef VALUE
#undef CLASS
#undef METHOD
        // clang-format on
        return names;
}

TEST(ParityOfNames, what_the_table_of_socket_calls_done_compiles) {
    auto names = names_of_socket();
    std::size_t done = 0;
    for (auto& [name, state] : table("socket")) {
        if (!state.starts_with("done") || state.starts_with("done (")) continue;  // constants have their own test
        ++done;
        auto wanted = state.starts_with("done as ") ? state.substr(8) : name.substr(name.find('.') + 1);
        EXPECT_TRUE(names.contains((name.starts_with("socket.") ? "Socket::" : "") + wanted)) << name << ": " << state;
    }
    EXPECT_GT(done, 70u);
}

/// Holds each CONSTANT of a list, which the including place makes of it, against its table.
struct Constants {
    std::map<std::string, std::string> states;
    int count = 0;
    std::set<std::string> names = {};

    void hold(const char* name, std::int64_t ours, std::int64_t cpythons) {
        ++count;
        names.insert(name);
        EXPECT_EQ(ours, cpythons) << name;
        EXPECT_TRUE(states[name].starts_with("done (")) << name;
    }
};
#define CONSTANT(name, value) constants.hold(#name, static_cast<std::int64_t>(name), value);

TEST(ParityOfConstants, the_constants_of_socket_have_cpythons_values) {
    Constants constants{table("socket")};
#include "blocking/constants.inc"
    EXPECT_GT(constants.count, 340);
    EXPECT_STREQ(BDADDR_ANY, "00:00:00:00:00:00");
    EXPECT_STREQ(BDADDR_LOCAL, "00:00:00:FF:FF:FF");
    EXPECT_EQ(ntohl(htonl(1)) + ntohs(htons(2)), 3u);
    constants.names.insert({"BDADDR_ANY", "BDADDR_LOCAL", "htonl", "htons", "ntohl", "ntohs"});
    for (auto& [name, state] : constants.states)
        EXPECT_TRUE(!state.starts_with("done (") || constants.names.contains(name)) << name << ": " << state;
}

TEST(ParityOfConstants, the_constants_of_select_have_cpythons_values) {
    Constants constants{table("select")};
#include "blocking/select_constants.inc"
    EXPECT_EQ(constants.count, 28);
}
#undef CONSTANT

TEST(ParityOfConstants, the_list_of_constants_is_what_the_tool_makes_of_cpython) {
    EXPECT_EQ(testing::oracle("tools/generate_constants", {"--check"}), std::vector<std::string>{"constants: ok"});
}

}  // namespace
}  // namespace bight::socket
