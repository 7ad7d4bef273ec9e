// SPDX-License-Identifier: BSL-1.0
// docs/parity-MODULE.tsv against CPython's module and our headers; the constants against CPython's values.

#include <bight/constants.h>

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

INSTANTIATE_TEST_SUITE_P(Of, Parity, ::testing::Values("socket", "select", "selectors"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(Parity, the_table_has_every_name_of_cpython) {
    auto states = table(GetParam());
    std::size_t names = 0;
    for (auto& name : testing::oracle("tests/blocking/parity_oracle.py", {GetParam()})) {
        ++names;
        EXPECT_TRUE(states.contains(name)) << name << " is missing";
    }
    const std::map<std::string, std::size_t> expected{{"socket", 400}, {"select", 45}, {"selectors", 60}};
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

/// Holds each CONSTANT of a list, which the including place makes of it, against its table.
struct Constants {
    std::map<std::string, std::string> states;
    int count = 0;

    void hold(const char* name, std::int64_t ours, std::int64_t cpythons) {
        ++count;
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
