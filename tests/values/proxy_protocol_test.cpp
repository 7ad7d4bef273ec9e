// SPDX-License-Identifier: BSL-1.0
#include <bight/proxy_protocol.h>

#include "support/descriptors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace bight::proxy_protocol {
namespace {

using namespace std::literals;

/// The header at the beginning of `bytes`, fed in pieces of `size`; what follows it must stay.
Header parse(std::string_view bytes, std::size_t size = std::string_view::npos, std::size_t limit = default_limit) {
    Parser parser(limit);
    std::size_t taken = 0;
    while (!parser.done() && taken < bytes.size()) {
        auto piece = bytes.substr(taken, size);
        auto count = parser.feed(piece);
        EXPECT_TRUE(parser.done() || count == piece.size());
        taken += count;
    }
    if (!parser.done()) throw std::out_of_range("not whole");
    EXPECT_EQ(parser.wanted(), 0u);
    EXPECT_EQ(parser.feed(std::string_view("more")), 0u);
    return parser.header();
}

std::string why_not(std::string_view bytes, std::size_t limit = default_limit) {
    try {
        parse(bytes, std::string_view::npos, limit);
        return "taken";
    } catch (const Error& error) {
        return std::string(error.what()).substr("PROXY protocol: "sv.size());
    } catch (const std::out_of_range& error) {
        return error.what();
    }
}

Header header_of(int version, std::string_view source, std::string_view destination, Kind kind = Kind::stream) {
    return {
        .version = version, .kind = kind, .source = Address::parse(source), .destination = Address::parse(destination)};
}

std::string binary(unsigned char version_and_command, unsigned char family, std::string_view block) {
    std::string bytes("\r\n\r\n\0\r\nQUIT\n"sv);
    bytes += static_cast<char>(version_and_command);
    bytes += static_cast<char>(family);
    bytes += static_cast<char>(block.size() >> 8);
    bytes += static_cast<char>(block.size() & 0xff);
    return bytes += block;
}

const std::string inet_block("\xc0\xa8\0\1\xc0\xa8\0\xb\xdc\4\1\xbb"sv);  // 192.168.0.1:56324 to 192.168.0.11:443

// ---- Version 1. --------------------------------------------------------------------------------------------------------

TEST(Version1, the_line_of_the_specification) {
    auto header = parse("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n");
    EXPECT_EQ(header, header_of(1, "192.168.0.1:56324", "192.168.0.11:443"));
    EXPECT_TRUE(header.has_client());
    EXPECT_EQ(header.to_bytes(), "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n");
}

TEST(Version1, ipv6_in_all_its_forms) {
    auto expected = header_of(1, "[2001:db8::1]:1", "[::ffff:10.0.0.1]:65535");
    EXPECT_EQ(parse("PROXY TCP6 2001:db8::1 ::ffff:10.0.0.1 1 65535\r\n"), expected);
    EXPECT_EQ(parse("PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0001 ::FFFF:0a00:0001 1 65535\r\n"), expected);
}

TEST(Version1, the_longest_lines) {
    std::string full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    EXPECT_EQ(parse("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n").source.port(), 65535);
    EXPECT_EQ(parse("PROXY TCP6 " + full + ' ' + full + " 65535 65535\r\n").source.host(), full);
    auto longest = "PROXY UNKNOWN " + full + ' ' + full + " 65535 65535\r\n";
    EXPECT_EQ(longest.size(), longest_line);
    EXPECT_FALSE(parse(longest).has_client());
    EXPECT_EQ(why_not("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), "a line of more than 107 bytes");
    EXPECT_EQ(why_not("PROXY " + std::string(1000, 'x')), "a line of more than 107 bytes");
}

TEST(Version1, unknown_says_nothing_whatever_it_says) {
    for (auto line : {"PROXY UNKNOWN\r\n"sv, "PROXY UNKNOWN \0\xff rubbish\r\n"sv}) {
        auto header = parse(line);
        EXPECT_FALSE(header.has_client());
        EXPECT_EQ(header.source, Address());
        EXPECT_EQ(header.to_bytes(), "PROXY UNKNOWN\r\n");
    }
}

TEST(Version1, what_is_no_line) {
    const char* wrong_words = "a line of the wrong number of words";
    EXPECT_EQ(why_not("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), wrong_words);
    EXPECT_EQ(why_not("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), wrong_words);
    EXPECT_EQ(why_not("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n"), wrong_words);
    EXPECT_EQ(why_not("PROXY TCP4\r\n"), wrong_words);
    EXPECT_EQ(why_not("PROXY \r\n"), wrong_words);
    EXPECT_EQ(why_not("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n"), wrong_words);
    EXPECT_EQ(why_not("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n"), "neither TCP4 nor TCP6 nor UNKNOWN");
    EXPECT_EQ(why_not("PROXY UNKNOWNX 1.2.3.4 1.2.3.4 1 2\r\n"), "neither TCP4 nor TCP6 nor UNKNOWN");
    for (auto host : {"1.2.3", "01.2.3.4", "1.2.3.256", "::1", "1.2.3.4%1", "localhost", ""})
        EXPECT_NE(why_not("PROXY TCP4 "s + host + " 1.2.3.4 1 2\r\n"), "taken") << host;
    for (auto host : {"1.2.3.4", "::1%1", "fe80::1%eth0", ":::", "1::2::3", "[::1]"})
        EXPECT_EQ(why_not("PROXY TCP6 "s + host + " ::1 1 2\r\n"), "an address that is none") << host;
    for (auto port : {"65536", "-1", "+1", "01", "00", "0x1", "1a", "99999999999999999999"})
        EXPECT_EQ(why_not("PROXY TCP4 1.2.3.4 1.2.3.4 "s + port + " 2\r\n"), "a port that is none") << port;
}

TEST(Version1, its_end_is_crlf_and_nothing_else) {
    const char* wrong_end = "a line that does not end in CRLF";
    EXPECT_EQ(why_not("PROXY UNKNOWN\n"), wrong_end);
    EXPECT_EQ(why_not("PROXY UNKNOWN\rx"), wrong_end);
    EXPECT_EQ(why_not("PROXY UNKNOWN\r\r\n"), wrong_end);
    EXPECT_EQ(why_not("PROXY UNKNOWN"), "not whole");
    EXPECT_EQ(why_not("PROXY UNKNOWN\r"), "not whole");
}

// ---- Version 2. --------------------------------------------------------------------------------------------------------

TEST(Version2, every_family_and_kind) {
    for (auto kind : {Kind::stream, Kind::datagram})
        for (auto [source, destination] :
             {std::pair("192.168.0.1:56324", "192.168.0.11:443"), std::pair("[2001:db8::1]:1", "[::1]:65535"),
              std::pair("/run/x", "@abstract")}) {
            auto header = header_of(2, source, destination, kind);
            auto bytes = header.to_bytes();
            EXPECT_EQ(parse(bytes + "more"), header) << source;
        }
    EXPECT_EQ(header_of(2, "192.168.0.1:56324", "192.168.0.11:443").to_bytes(), binary(0x21, 0x11, inet_block));
}

TEST(Version2, local_discards_whatever_is_in_it) {
    for (const auto& bytes : {binary(0x20, 0, ""), binary(0x20, 0x11, inet_block), binary(0x20, 0xff, "rubbish")}) {
        auto header = parse(bytes);
        EXPECT_EQ(header.command, Command::local);
        EXPECT_FALSE(header.has_client());
    }
    Header local{.command = Command::local};
    EXPECT_EQ(local.to_bytes(), binary(0x20, 0, ""));
}

TEST(Version2, of_unspecified_family_or_kind_has_no_client) {
    for (char family : "\x01\x02\x10\x20\x30")  // and 0
        EXPECT_FALSE(parse(binary(0x21, static_cast<unsigned char>(family), inet_block)).has_client());
}

TEST(Version2, what_is_refused_at_the_byte_that_shows_it) {
    auto good = binary(0x21, 0x11, inet_block);
    for (std::size_t place = 0; place < 14; ++place) {
        auto bad = good;
        bad[place] = static_cast<char>(bad[place] ^ 0x80);
        EXPECT_EQ(why_not(std::string_view(bad).substr(0, place)), "not whole");
        EXPECT_NE(why_not(std::string_view(bad).substr(0, place + 1)), "not whole") << place;
    }
    EXPECT_EQ(why_not(binary(0x31, 0x11, inet_block)), "version 3");
    EXPECT_EQ(why_not(binary(0x22, 0x11, inet_block)), "an unknown command");
    EXPECT_EQ(why_not(binary(0x21, 0x41, inet_block)), "an unknown family");
    EXPECT_EQ(why_not(binary(0x21, 0x13, inet_block)), "an unknown kind");
    EXPECT_EQ(why_not("GET / HTTP/1.1\r\n"), "not a header");
    EXPECT_EQ(why_not("PROXX"), "not a header");
    EXPECT_EQ(why_not(""), "not whole");
}

TEST(Version2, addresses_that_are_cut_off) {
    EXPECT_EQ(why_not(binary(0x21, 0x11, inet_block.substr(1))), "addresses that are cut off");
    EXPECT_EQ(why_not(binary(0x21, 0x21, std::string(35, '\0'))), "addresses that are cut off");
    EXPECT_EQ(why_not(binary(0x21, 0x31, std::string(215, '\0'))), "addresses that are cut off");
    EXPECT_EQ(why_not(binary(0x21, 0x11, "")), "addresses that are cut off");
}

TEST(Version2, names_of_unix_sockets) {
    auto field = [](std::string name) { return name.resize(108, '\0'), name; };
    auto source = [&](const std::string& name) { return parse(binary(0x21, 0x31, field(name) + field(""))).source; };
    EXPECT_EQ(source(""), Address::unnamed());
    EXPECT_EQ(source("/run/x"), Address::unix_path("/run/x"));
    EXPECT_EQ(source("/run/x\0rest"s), Address::unix_path("/run/x"));
    EXPECT_EQ(source("\0name"s), Address::abstract_name("name"));
    EXPECT_EQ(source(std::string(107, 'p')).path(), std::string(107, 'p'));
    EXPECT_EQ(source('\0' + std::string(107, 'p')).path(), '\0' + std::string(107, 'p'));
    EXPECT_EQ(why_not(binary(0x21, 0x31, std::string(108, 'p') + field(""))), "a path without an end");
}

TEST(Version2, has_a_limit_that_holds_before_anything_is_kept) {
    auto large = binary(0x21, 0x11, inet_block + std::string(default_limit, '\0'));
    EXPECT_EQ(why_not(std::string_view(large).substr(0, 16)), "a header of 4124 bytes");
    EXPECT_EQ(why_not(binary(0x21, 0x11, inet_block), 28), "taken");
    EXPECT_EQ(why_not(binary(0x21, 0x11, inet_block), 27), "a header of 28 bytes");
    EXPECT_EQ(why_not("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", 16), "taken");
    EXPECT_THROW(Parser(15), ValueError);
    std::string largest = inet_block + "\xe0\xff\xf0"s + std::string(0xfff0, 'x');
    EXPECT_EQ(parse(binary(0x21, 0x11, largest), 1 << 20, 1 << 20).tlvs.at(0).value.size(), 0xfff0u);
}

// ---- Items. ------------------------------------------------------------------------------------------------------------

TEST(Items, come_back_in_their_order) {
    auto header = header_of(2, "10.0.0.1:1", "10.0.0.2:2");
    Ssl ssl{.client = Ssl::client_ssl | Ssl::client_cert_conn,
            .verify = 0x01020304,
            .parts = {{type::ssl_version, "TLSv1.3"}, {type::ssl_cn, "example.com"}, {type::ssl_cipher, ""}}};
    header.tlvs = {{type::alpn, "h2"},
                   {type::authority, "example.com"},
                   {type::noop, ""},
                   {type::unique_id, "\0id"s},
                   {type::ssl, ssl.to_bytes()},
                   {type::netns, "blue"},
                   {0xe0, "own"},
                   {type::alpn, "second"}};
    for (bool checksum : {false, true}) {
        header.checksum = checksum;
        auto parsed = parse(header.to_bytes());
        EXPECT_EQ(parsed, header);
        EXPECT_EQ(parsed.alpn(), "h2");
        EXPECT_EQ(parsed.authority(), "example.com");
        EXPECT_EQ(parsed.unique_id(), "\0id"s);
        EXPECT_EQ(parsed.netns(), "blue");
        EXPECT_EQ(parsed.value_of(0xe0), "own");
        EXPECT_EQ(parsed.value_of(0xe1), std::nullopt);
        ASSERT_EQ(parsed.ssl(), ssl);
        EXPECT_EQ(parsed.ssl()->value_of(type::ssl_cn), "example.com");
        EXPECT_EQ(parsed.ssl()->value_of(type::ssl_key_alg), std::nullopt);
    }
    EXPECT_EQ(parse(binary(0x21, 0x11, inet_block)).ssl(), std::nullopt);
}

TEST(Items, that_are_malformed) {
    auto with = [](std::string_view items) { return why_not(binary(0x21, 0x11, inet_block + std::string(items))); };
    EXPECT_EQ(with("\1"sv), "an item that is cut off");
    EXPECT_EQ(with("\1\0"sv), "an item that is cut off");
    EXPECT_EQ(with("\1\0\1"sv), "an item that is cut off");
    EXPECT_EQ(with("\1\xff\xff"
                   "x"sv),
              "an item that is cut off");
    EXPECT_EQ(with("\1\0\0"sv), "taken");
    EXPECT_EQ(with("\5\0\x80"s + std::string(128, 'i')), "taken");
    EXPECT_EQ(with("\5\0\x81"s + std::string(129, 'i')), "an id of more than 128 bytes");
    EXPECT_EQ(with("\x20\0\4\1\0\0\0"sv), "what it says of TLS is malformed");
    EXPECT_EQ(with("\x20\0\6\1\0\0\0\0\x21"sv), "what it says of TLS is malformed");
    EXPECT_EQ(with("\x20\0\5\1\0\0\0\0"sv), "taken");
}

TEST(Checksum, is_that_of_castagnoli) {
    EXPECT_EQ(crc32c(std::string_view("123456789")), 0xe3069283u);  // RFC 9260's own
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);          // of RFC 3720, B.4
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
    EXPECT_EQ(crc32c(std::string_view("6789"), crc32c(std::string_view("12345"))), 0xe3069283u);
}

TEST(Checksum, every_changed_bit_is_seen) {
    auto header = header_of(2, "10.0.0.1:1", "10.0.0.2:2");
    header.checksum = true;
    header.tlvs = {{type::authority, "example.com"}};
    auto bytes = header.to_bytes();
    for (std::size_t bit = 16 * 8; bit < bytes.size() * 8; ++bit) {
        auto changed = bytes;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
        auto why = why_not(changed);
        // Another type in its place is no checksum; another size of an item is no whole one.
        bool is_no_checksum = bit / 8 == bytes.size() - 7;
        EXPECT_EQ(why == "taken", is_no_checksum) << bit << ' ' << why;
    }
    EXPECT_EQ(why_not(binary(0x21, 0x11, inet_block + "\3\0\3\0\0\0"s)), "a checksum of the wrong form");
}

// ---- Pieces. -----------------------------------------------------------------------------------------------------------

TEST(Pieces, of_any_size_and_split_anywhere) {
    auto binary_header = header_of(2, "[2001:db8::1]:1", "[::1]:2");
    binary_header.checksum = true;
    binary_header.tlvs = {{type::unique_id, std::string(128, 'u')}};
    for (const auto& header : {binary_header, header_of(1, "10.0.0.1:1", "10.0.0.2:2")}) {
        auto bytes = header.to_bytes();
        for (std::size_t size = 1; size <= bytes.size() + 1; ++size) EXPECT_EQ(parse(bytes + "more", size), header);
        for (std::size_t split = 0; split <= bytes.size(); ++split) {
            Parser parser;
            EXPECT_EQ(parser.feed(std::string_view(bytes).substr(0, split)), split);
            EXPECT_EQ(parser.done(), split == bytes.size());
            EXPECT_EQ(parser.feed(std::string_view(bytes).substr(split)), bytes.size() - split);
            EXPECT_EQ(parser.header(), header);
        }
    }
}

TEST(Pieces, as_wanted_never_touch_what_follows) {
    for (const auto& header : {header_of(1, "1.1.1.1:1", "1.1.1.1:1"), header_of(1, "[::]:0", "[::]:0"),
                               header_of(2, "10.0.0.1:1", "10.0.0.2:2"), Header{.version = 1}}) {
        auto bytes = header.to_bytes() + "more";
        Parser parser;
        std::size_t read = 0;
        while (!parser.done()) {
            auto wanted = parser.wanted();
            ASSERT_GT(wanted, 0u);
            EXPECT_EQ(parser.feed(std::string_view(bytes).substr(read, wanted)), wanted);
            read += wanted;
        }
        EXPECT_EQ(read, bytes.size() - 4);
    }
}

TEST(Pieces, after_an_error_nothing_is_taken) {
    Parser parser;
    EXPECT_THROW((void)parser.header(), BusyError);
    EXPECT_THROW(parser.feed(std::string_view("x")), Error);
    EXPECT_THROW(parser.feed(std::string_view("PROXY UNKNOWN\r\n")), Error);
    EXPECT_FALSE(parser.done());
    EXPECT_EQ(parser.wanted(), 0u);
}

// ---- Writing. ----------------------------------------------------------------------------------------------------------

TEST(Writing, what_has_no_form) {
    auto mixed = header_of(1, "10.0.0.1:1", "[::1]:2");
    EXPECT_THROW((void)mixed.to_bytes(), ValueError);
    mixed.version = 2;
    EXPECT_THROW((void)mixed.to_bytes(), ValueError);
    auto header = header_of(1, "10.0.0.1:1", "10.0.0.2:2");
    header.tlvs = {{type::alpn, "h2"}};
    EXPECT_THROW((void)header.to_bytes(), ValueError);
    header.version = 3;
    EXPECT_THROW((void)header.to_bytes(), ValueError);
    header.version = 2;
    header.tlvs = {{type::crc32c, "1234"}};
    EXPECT_THROW((void)header.to_bytes(), ValueError);
    header.tlvs = {{type::unique_id, std::string(129, 'i')}};
    EXPECT_THROW((void)header.to_bytes(), ValueError);
    header.tlvs = {{0xe0, std::string(65536, 'x')}};
    EXPECT_THROW((void)header.to_bytes(), ValueError);
    header.tlvs = {{0xe0, std::string(65535, 'x')}};
    EXPECT_THROW((void)header.to_bytes(), ValueError);
    EXPECT_THROW((void)(Ssl{1, 0, {{type::ssl_cn, std::string(65536, 'x')}}}.to_bytes()), ValueError);
}

TEST(Writing, what_version_1_has_no_word_for) {
    EXPECT_EQ(header_of(1, "/run/x", "/run/y").to_bytes(), "PROXY UNKNOWN\r\n");
    EXPECT_EQ(header_of(1, "10.0.0.1:1", "10.0.0.2:2", Kind::datagram).to_bytes(), "PROXY UNKNOWN\r\n");
    EXPECT_EQ(header_of(1, "[fe80::1%3]:1", "[fe80::2%3]:2").to_bytes(), "PROXY TCP6 fe80::1 fe80::2 1 2\r\n");
}

// ---- Against another implementation. -----------------------------------------------------------------------------------

std::string hex(std::string_view bytes) {
    constexpr auto digits = "0123456789abcdef"sv;
    std::string text;
    for (char c : bytes) {
        auto value = static_cast<unsigned char>(c);
        (text += digits[value >> 4]) += digits[value & 15];
    }
    return text;
}

std::string told(const Address& address) {
    if (address.family() == Family::unspecified) return "-";
    if (address.family() == Family::unix_domain) return "unix:" + hex(address.path());
    bool four = address.family() == Family::inet;
    return hex(address.sockaddr().view().substr(four ? 4 : 8, four ? 4 : 16)) + ':' + std::to_string(address.port());
}

std::string told(const Header& header) {
    std::string items;
    for (const auto& [tlv, value] : header.tlvs)
        items += (items.empty() ? "" : ",") + hex({reinterpret_cast<const char*>(&tlv), 1}) + '=' + hex(value);
    return std::to_string(header.version) + (header.command == Command::local ? " local " : " proxy ") +
           (header.kind == Kind::stream ? "stream " : "datagram ") + told(header.source) + ' ' +
           told(header.destination) + ' ' + items + (header.checksum ? " crc" : " -");
}

TEST(Differential, what_an_implementation_of_its_own_reads_and_refuses) {
    std::size_t refused = 0;
    auto lines = testing::oracle("tests/values/proxy_protocol_oracle.py", {"20261129", "4000"});
    ASSERT_EQ(lines.size(), 4000u);
    for (const auto& line : lines) {
        auto tab = line.find('\t');
        auto bytes = testing::unhex(line.substr(0, tab)), expected = line.substr(tab + 1);
        std::string said = "refused";
        try {
            Parser parser;
            bool whole = parser.feed(bytes) == bytes.size() && parser.done();  // what is too long is another matter
            if (whole) said = told(parser.header());
            if (whole && parser.header().version == 2 && parser.header().has_client()) {
                EXPECT_EQ(told(parse(parser.header().to_bytes())), said);
            }
        } catch (const Error&) {}
        EXPECT_EQ(said, expected) << line.substr(0, tab);
        refused += expected == "refused";
    }
    EXPECT_GT(refused, 1000u);
    EXPECT_LT(refused, 3000u);
}

}  // namespace
}  // namespace bight::proxy_protocol
