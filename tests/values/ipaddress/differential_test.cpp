// SPDX-License-Identifier: BSL-1.0
/// The library against CPython: hundreds of thousands of texts and operations, every answer equal but for those that
/// docs/ipaddress-differences.tsv lists.
#include "values/ipaddress/answers.h"
#include "values/ipaddress/differences.h"

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace bight::ipaddress::answers {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int share = 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int share = 20;
#else
constexpr int share = 1;
#endif
#else
constexpr int share = 1;
#endif

std::vector<std::string> split(std::string_view line, char separator) {
    std::vector<std::string> parts;
    while (true) {
        auto at = line.find(separator);
        parts.emplace_back(line.substr(0, at));
        if (at == line.npos) return parts;
        line.remove_prefix(at + 1);
    }
}

bool is_plain(std::string_view text) {
    if (text.size() >= 100) return false;
    for (char c : text)
        if (c < ' ' || c > '~') return false;
    return true;
}

/// "refused", the kind of the error, and its message if the text is plain.
std::string refusal(const std::string& kind, const std::exception& error, std::string_view text) {
    return "refused " + kind + (is_plain(text) ? std::string(" ") + error.what() : "");
}

/// Text made into a T, or why not.
template <class T, class... Options>
std::string made(std::string_view text, std::optional<T>& thing, Options... options) {
    try {
        thing = T(text, options...);
        // The raising way and the other agree.
        EXPECT_EQ(T::parse(text, options...), thing) << text;
        return thing->to_string();
    } catch (const AddressValueError& error) {
        EXPECT_FALSE(T::parse(text, options...)) << text;
        return refusal("AddressValueError", error, text);
    } catch (const NetmaskValueError& error) {
        EXPECT_FALSE(T::parse(text, options...)) << text;
        return refusal("NetmaskValueError", error, text);
    } catch (const ValueError& error) {
        EXPECT_FALSE(T::parse(text, options...)) << text;
        return refusal("ValueError", error, text);
    }
}

/// One line of the oracle's: all of its questions are put to `ask`.
class Verdict {
public:
    explicit Verdict(const std::string& name) : differences_(Differences::read()), name_(name) {}

    template <class Ask>
    void compare(const std::string& line, const std::string& subject, Ask ask) {
        auto parts = split(line, '\t');
        for (std::size_t i = 1; i + 1 < parts.size(); i += 2) {
            auto ours = plain(ask(parts[i]));
            if (ours == "not made") continue;  // refused before, which was asked about then
            ++asked_;
            if (ours == parts[i + 1] || differences_.allow(name_, parts[i], subject, parts[i + 1], ours)) continue;
            if (++wrong_ <= 20)
                ADD_FAILURE() << plain(subject) << "\n  " << parts[i] << "\n  CPython " << parts[i + 1]
                              << "\n  bight   " << ours;
        }
    }

    ~Verdict() {
        EXPECT_EQ(wrong_, 0) << "of " << asked_ << " answers";
        ::testing::Test::RecordProperty(name_, asked_);
        std::printf("%s: %d answers, %d of them differ as listed\n", name_.c_str(), asked_, differences_.used());
    }

private:
    Differences differences_;
    std::string name_;
    int asked_ = 0, wrong_ = 0;
};

std::vector<std::string> lines(const std::string& kind, int seed, int count) {
    auto got = testing::oracle("tests/values/ipaddress/oracle.py",
                               {kind, std::to_string(seed), std::to_string(count / share)});
    EXPECT_EQ(got.size(), static_cast<std::size_t>(count / share));
    return got;
}

template <class Four, class Six>
class OfTexts {
public:
    OfTexts(Table<Four> four, Table<Six> six) : table4_(std::move(four)), table6_(std::move(six)) {}

    /// `Either` is IPAddress, IPNetwork or IPInterface.
    template <class Either>
    std::string ask(const std::string& text, const std::string& question) {
        if (text != text_) {
            text_ = text;
            four_.reset();
            six_.reset();
        }
        if (question.starts_with("either")) return version_of<Either>(text, question);
        auto rest = question.substr(std::min<std::size_t>(3, question.size()));
        bool is_six = question.starts_with("v6");
        if (rest.empty()) return is_six ? make(text, six_) : make(text, four_);
        if (rest == "strict") return is_six ? strict(text, std::optional<Six>()) : strict(text, std::optional<Four>());
        if (is_six ? !six_ : !four_) return "not made";
        return is_six ? answer(table6_, *six_, Question(rest)) : answer(table4_, *four_, Question(rest));
    }

private:
    template <class T>
    static constexpr bool is_network = requires(const T& thing) { thing.num_addresses(); };

    template <class T>
    static std::string make(const std::string& text, std::optional<T>& thing) {
        if constexpr (is_network<T>)
            return made(text, thing, NetworkOptions{.strict = false});
        else
            return made(text, thing);
    }
    template <class T>
    static std::string strict(const std::string& text, std::optional<T> thing) {
        return made(text, thing);
    }
    template <class Either>
    static std::string version_of(const std::string& text, const std::string& question) {
        std::optional<Either> thing;
        std::string said;
        if constexpr (is_network<Either>)
            said = made(text, thing, NetworkOptions{.strict = question == "either strict"});
        else
            said = made(text, thing);
        return thing ? std::to_string(thing->version()) : "refused";
    }

    Table<Four> table4_;
    Table<Six> table6_;
    std::string text_;
    std::optional<Four> four_;
    std::optional<Six> six_;
};

void compare_addresses(int seed, int count) {
    Verdict verdict("addresses");
    OfTexts<IPv4Address, IPv6Address> texts(of_address<IPv4Address>(), of_address<IPv6Address>());
    for (const auto& line : lines("address", seed, count)) {
        auto text = testing::unhex(line.substr(0, line.find('\t')));
        verdict.compare(line, text, [&](const std::string& question) { return texts.ask<IPAddress>(text, question); });
    }
}

void compare_networks(int seed, int count) {
    Verdict verdict("networks");
    OfTexts<IPv4Network, IPv6Network> texts(of_network<IPv4Network>(), of_network<IPv6Network>());
    for (const auto& line : lines("network", seed, count)) {
        auto text = testing::unhex(line.substr(0, line.find('\t')));
        verdict.compare(line, text, [&](const std::string& question) { return texts.ask<IPNetwork>(text, question); });
    }
}

// Seeds are fixed, so that a failure is there again the next time; the counts make up 330,000 cases.

TEST(IpaddressDifferential, addresses_1) { compare_addresses(1, 60000); }
TEST(IpaddressDifferential, addresses_2) { compare_addresses(2, 60000); }
TEST(IpaddressDifferential, networks_1) { compare_networks(1, 40000); }
TEST(IpaddressDifferential, networks_2) { compare_networks(2, 40000); }

TEST(IpaddressDifferential, interfaces) {
    Verdict verdict("interfaces");
    OfTexts<IPv4Interface, IPv6Interface> texts(of_interface<IPv4Interface>(), of_interface<IPv6Interface>());
    for (const auto& line : lines("interface", 1, 50000)) {
        auto text = testing::unhex(line.substr(0, line.find('\t')));
        verdict.compare(line, text,
                        [&](const std::string& question) { return texts.ask<IPInterface>(text, question); });
    }
}

struct Pair {
    IPNetwork a, b;
    IPAddress first, last;

    std::string ask(const std::string& question) const {
        if (question == "overlaps") return shown(a.overlaps(b));
        if (question == "subnet_of") return shown(a.subnet_of(b));
        if (question == "supernet_of") return shown(a.supernet_of(b));
        if (question == "contains first") return shown(a.contains(b[0]));
        if (question == "contains last") return shown(a.contains(b[-1]));
        if (question == "compare") return shown(a.compare_networks(b));
        if (question == "exclude") return listed(a.address_exclude(b));
        if (question == "equal") return shown(a == b);
        if (question == "less") return shown(a < b);
        if (question == "summarize") return listed(summarize_address_range(first, last));
        if (question == "sorted") return sorted();
        return "no such question";
    }

    std::string sorted() const {
        std::vector<std::pair<MixedTypeKey, std::string>> things;
        for (const auto& network : {a, b}) things.emplace_back(get_mixed_type_key(network), network.to_string());
        for (const auto& address : {first, last}) things.emplace_back(get_mixed_type_key(address), address.to_string());
        std::ranges::sort(things, {}, [](const auto& thing) { return thing.first; });
        std::string text;
        for (const auto& [key, shown] : things) text += (text.empty() ? "" : ",") + shown;
        return text;
    }
};

void compare_relations(int seed, int count) {
    Verdict verdict("relations");
    for (const auto& line : lines("relation", seed, count)) {
        auto subject = line.substr(0, line.find('\t'));
        auto words = split(subject, ' ');
        Pair pair{ip_network(words[0]), ip_network(words[1]), ip_address(words[2]), ip_address(words[3])};
        verdict.compare(line, subject, [&](const std::string& question) {
            return answer_or_refused([&] { return pair.ask(question); });
        });
    }
}

TEST(IpaddressDifferential, relations_1) { compare_relations(1, 30000); }
TEST(IpaddressDifferential, relations_2) { compare_relations(2, 30000); }

TEST(IpaddressDifferential, collapsing) {
    Verdict verdict("collapsing");
    for (const auto& line : lines("collapse", 1, 20000)) {
        auto subject = line.substr(0, line.find('\t'));
        std::vector<IPNetwork> networks;
        for (const auto& word : split(subject, ' ')) networks.push_back(ip_network(word));
        verdict.compare(line, subject, [&](const std::string&) { return listed(collapse_addresses(networks)); });
    }
}

}  // namespace
}  // namespace bight::ipaddress::answers
