// SPDX-License-Identifier: BSL-1.0
// docs/parity-socket.tsv against CPython's module and our headers; the constants against CPython's values.

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

std::map<std::string, std::string> table() {
    std::map<std::string, std::string> states;
    std::ifstream file("docs/parity-socket.tsv");
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

TEST(Parity, the_table_has_every_name_of_cpython) {
    auto states = table();
    std::size_t names = 0;
    for (auto& name : testing::oracle("tests/blocking/parity_oracle.py", {})) {
        ++names;
        EXPECT_TRUE(states.contains(name)) << name << " is missing";
    }
    EXPECT_GT(names, 400u);
    EXPECT_EQ(states.size(), names) << "names that CPython does not have";
}

TEST(Parity, each_state_is_one_of_four_and_true) {
    auto words = words_of_headers();
    const std::regex form(
        R"(done|done as (\w+)|done \(macro, <[\w/.]+>\)|done \(constant, bight/constants\.h\)|n\.a\. because .+)");
    for (auto& [name, state] : table()) {
        std::smatch match;
        ASSERT_TRUE(std::regex_match(state, match, form)) << name << ": " << state;
        auto plain = name.substr(name.find('.') + 1);
        auto wanted = match[1].matched ? match[1].str() : plain;
        bool is_ours = state.starts_with("done") && !state.starts_with("done (macro");
        EXPECT_TRUE(!is_ours || words.contains(wanted)) << name << ": " << state;
    }
}

TEST(Parity, the_constants_have_cpythons_values) {
    auto states = table();
    int count = 0;
    auto hold = [&](const char* name, std::int64_t ours, std::int64_t cpythons) {
        ++count;
        EXPECT_EQ(ours, cpythons) << name;
        EXPECT_TRUE(states[name].starts_with("done (")) << name;
    };
#define CONSTANT(name, value) hold(#name, static_cast<std::int64_t>(name), value);
#include "blocking/constants.inc"
#undef CONSTANT
    EXPECT_GT(count, 340);
    EXPECT_STREQ(BDADDR_ANY, "00:00:00:00:00:00");
    EXPECT_STREQ(BDADDR_LOCAL, "00:00:00:FF:FF:FF");
}

TEST(Parity, the_list_of_constants_is_what_the_tool_makes_of_cpython) {
    EXPECT_EQ(testing::oracle("tools/generate_constants", {"--check"}), std::vector<std::string>{"constants: ok"});
}

}  // namespace
}  // namespace bight::socket
