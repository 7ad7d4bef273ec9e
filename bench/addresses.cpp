// SPDX-License-Identifier: BSL-1.0
// Claim: address text is read and written several times as fast as inet_pton(3) and inet_ntop(3) do it, over a million
// random addresses of mixed forms. Asio's make_address() beside them.
#include <bight/ipaddress.h>

#include "support/claims.h"

#include <arpa/inet.h>
#include <asio/ip/address_v4.hpp>
#include <asio/ip/address_v6.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace bight::ipaddress;
using bench::Claim;
using bench::Side;

constexpr std::size_t count = std::size_t{1} << 20;

/// A turn is one text or one address; the next turn takes the next one.
template <class Turn>
Side over_all(Turn turn) {
    return [turn, at = std::size_t{0}](long turns) mutable {
        for (long i = 0; i < turns; ++i) turn(at++ % count);
    };
}

/// What was written counts as read.
void keep(const void* memory) { asm volatile("" ::"r"(memory) : "memory"); }

template <class Address>
struct Data {
    std::vector<std::string> texts;
    std::vector<Address> addresses;
    std::vector<in6_addr> raw;  // IPv4: in the first four bytes
};

IPv6Address random_ipv6(std::mt19937_64& random) {
    uint128 value = static_cast<uint128>(random()) << 64 | random();
    for (int group = 0; group < 8; ++group)
        if (random() % 3 == 0) value &= ~(uint128{0xffff} << (16 * group));
    if (random() % 16 == 0) value = uint128{0xffff} << 32 | static_cast<std::uint32_t>(random());
    return IPv6Address(value);
}

/// Compressed, full, with capitals, and mapped ones dotted.
std::string text_of(const IPv6Address& address, std::mt19937_64& random) {
    if (auto inner = address.ipv4_mapped(); inner && random() % 2 == 0) return "::ffff:" + inner->to_string();
    std::string text = random() % 4 == 0 ? address.exploded() : address.to_string();
    if (random() % 4 == 0)
        for (char& c : text) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

std::shared_ptr<Data<IPv4Address>> ipv4() {
    std::mt19937_64 random(4);
    auto data = std::make_shared<Data<IPv4Address>>();
    for (std::size_t i = 0; i < count; ++i) {
        IPv4Address address(static_cast<std::uint32_t>(random()));
        data->addresses.push_back(address);
        data->texts.push_back(address.to_string());
        data->raw.emplace_back();
        ::inet_pton(AF_INET, data->texts.back().c_str(), &data->raw.back());
    }
    return data;
}

std::shared_ptr<Data<IPv6Address>> ipv6() {
    std::mt19937_64 random(6);
    auto data = std::make_shared<Data<IPv6Address>>();
    for (std::size_t i = 0; i < count; ++i) {
        auto address = random_ipv6(random);
        data->addresses.push_back(address);
        data->texts.push_back(text_of(address, random));
        data->raw.emplace_back();
        ::inet_pton(AF_INET6, data->texts.back().c_str(), &data->raw.back());
    }
    return data;
}

template <class Address>
Claim parsing(const std::string& name, int family, double goal, std::shared_ptr<Data<Address>> data) {
    auto ours = [data](std::size_t i) {
        auto address = Address::parse(data->texts[i]);
        keep(&address);
    };
    auto theirs = [data, family](std::size_t i) {
        in6_addr address;
        ::inet_pton(family, data->texts[i].c_str(), &address);
        keep(&address);
    };
    return {name, goal, 0, over_all(ours), over_all(theirs)};
}

template <class Address>
Claim writing(const std::string& name, int family, double goal, std::shared_ptr<Data<Address>> data) {
    auto ours = [data](std::size_t i) {
        char text[Address::max_text_size];
        keep(data->addresses[i].to_chars(text));
    };
    auto theirs = [data, family](std::size_t i) {
        char text[INET6_ADDRSTRLEN];
        keep(::inet_ntop(family, &data->raw[i], text, sizeof text));
    };
    return {name, goal, 0, over_all(ours), over_all(theirs)};
}

/// `make` is one of Asio's; there is no goal.
template <class Address, class Make>
Claim parsing_with_asio(const std::string& name, Make make, std::shared_ptr<Data<Address>> data) {
    auto ours = [data](std::size_t i) {
        auto address = Address::parse(data->texts[i]);
        keep(&address);
    };
    auto theirs = [data, make](std::size_t i) {
        asio::error_code error;
        auto address = make(data->texts[i].c_str(), error);
        keep(&address);
    };
    return {name, 0, 0, over_all(ours), over_all(theirs)};
}

std::vector<Claim> claims() {
    auto four = ipv4();
    auto six = ipv6();
    auto asio_four = [](const char* text, asio::error_code& error) { return asio::ip::make_address_v4(text, error); };
    auto asio_six = [](const char* text, asio::error_code& error) { return asio::ip::make_address_v6(text, error); };
    return {
        parsing("parse v4 / inet_pton", AF_INET, 1 / 2.5, four),
        parsing("parse v6 / inet_pton", AF_INET6, 1 / 3.0, six),
        writing("format v4 / inet_ntop", AF_INET, 1 / 8.0, four),
        writing("format v6 / inet_ntop", AF_INET6, 1 / 8.0, six),
        parsing_with_asio("parse v4 / Asio", asio_four, four),
        parsing_with_asio("parse v6 / Asio", asio_six, six),
    };
}

}  // namespace

int main(int argc, char** argv) { return bench::run_claims(argc, argv, claims); }
