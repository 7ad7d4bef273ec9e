// SPDX-License-Identifier: BSL-1.0
#include <bight/ancillary.h>

#include <bight/error.h>

#include "support/descriptors.h"
#include "values/cmsg_layout.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

namespace bight {
namespace {

std::vector<AncillaryItem> items_of(Bytes bytes) {
    AncillaryView view(bytes);
    return {view.begin(), view.end()};
}

TEST(AncillaryView, gives_back_what_the_builder_made) {
    AncillaryBuilder builder;
    builder.add(1, 2, "abc").add(41, 67, "").add(0, 8, "12345678");
    auto items = items_of(builder);
    ASSERT_EQ(items.size(), 3u);
    EXPECT_TRUE(items[0].is(1, 2));
    EXPECT_EQ(items[0].data, "abc");
    EXPECT_TRUE(items[1].is(41, 67));
    EXPECT_TRUE(items[1].data.empty());
    EXPECT_EQ(items[2].data, "12345678");
    builder.clear();
    EXPECT_TRUE(items_of(builder).empty());
    EXPECT_TRUE(AncillaryView().empty());
}

TEST(AncillaryBuilder, takes_any_number_of_items) {
    AncillaryBuilder builder;
    for (int i = 0; i < 1000; ++i) builder.add(i, -i, std::string(static_cast<std::size_t>(i % 50), 'x'));
    int i = 0;
    for (const auto& item : AncillaryView(builder)) {
        EXPECT_TRUE(item.is(i, -i));
        EXPECT_EQ(item.data.size(), static_cast<std::size_t>(i % 50));
        ++i;
    }
    EXPECT_EQ(i, 1000);
}

// B046: cut at every byte, in memory that ends there.
TEST(AncillaryView, ends_where_its_bytes_end) {
    AncillaryBuilder builder;
    builder.add(1, 1, "01234567").add(1, 2, "abcde");
    for (std::size_t size = 0; size <= builder.size(); ++size) {
        auto memory = std::make_unique<std::byte[]>(size);
        if (size > 0) std::memcpy(memory.get(), builder.data(), size);
        auto items = items_of({memory.get(), size});
        std::size_t second = 24;
        EXPECT_EQ(items.size(), size < 16 ? 0u : size < second + 16 ? 1u : 2u) << size;
        if (items.size() > 0) {
            EXPECT_EQ(items[0].data, Bytes("01234567").slice(0, size - 16)) << size;
        }
        if (items.size() > 1) {
            EXPECT_EQ(items[1].data, Bytes("abcde").slice(0, size - second - 16)) << size;
        }
    }
}

// B047: whatever the bytes say, nothing outside is read, and the walk ends.
TEST(AncillaryView, survives_any_bytes) {
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::size_t size = random() % 96;
        auto memory = std::make_unique<std::byte[]>(size);
        for (std::size_t i = 0; i < size; ++i) memory[i] = static_cast<std::byte>(random());
        // Lengths near the truth, and near the ends of their type, are where mistakes would show.
        for (std::size_t at = 0; at + 8 <= size; at += 8) {
            std::size_t length = random() % 4 == 0 ? SIZE_MAX - random() % 40 : random() % 64;
            if (random() % 2) std::memcpy(memory.get() + at, &length, sizeof length);
        }
        std::size_t steps = 0;
        const std::byte* end = memory.get() + size;
        AncillaryView view({memory.get(), size});
        for (const auto& item : view) {
            ASSERT_LE(++steps, size / 16);
            ASSERT_TRUE(item.data.empty() || (item.data.begin() >= memory.get() && item.data.end() <= end));
        }
        (void)view.credentials(), (void)view.timestamp(), (void)view.packet_info(), (void)view.ttl();
        (void)view.traffic_class(), (void)view.drops(), (void)view.segment_size();
    }
}

TEST(AncillaryView, knows_the_items_that_have_a_type) {
    AncillaryBuilder builder;
    builder.credentials({12, 34, 56}).ttl(Family::inet, 63).traffic_class(Family::inet6, 0xb9);
    builder.packet_info({Address::ip("10.1.2.3", 0), 7});
    AncillaryView view(builder);
    EXPECT_EQ(view.credentials(), (Credentials{12, 34, 56}));
    EXPECT_EQ(view.ttl(), 63);
    EXPECT_EQ(view.traffic_class(), 0xb9);
    EXPECT_EQ(view.ecn(), 1);
    EXPECT_FALSE(view.timestamp());
    EXPECT_FALSE(view.drops());
    EXPECT_FALSE(view.segment_size());
}

TEST(AncillaryView, takes_no_typed_item_that_was_cut) {
    AncillaryBuilder builder;
    builder.credentials({1, 2, 3});
    for (std::size_t size = 0; size < 28; ++size) EXPECT_FALSE(AncillaryView({builder.data(), size}).credentials());
    EXPECT_TRUE(AncillaryView({builder.data(), 28}).credentials());
}

TEST(AncillaryView, tells_times_to_the_nanosecond_and_to_the_microsecond) {
    std::array<std::int64_t, 2> parts{1'700'000'000, 123'456};
    AncillaryBuilder fine, coarse;
    fine.add(cmsg::socket, cmsg::timestamp_ns, std::as_bytes(std::span(parts)));
    coarse.add(cmsg::socket, cmsg::timestamp, std::as_bytes(std::span(parts)));
    auto time = [](const AncillaryBuilder& b) {
        return AncillaryView(b).timestamp().value().time_since_epoch().count();
    };
    EXPECT_EQ(time(fine), 1'700'000'000'000'123'456);
    EXPECT_EQ(time(coarse), 1'700'000'000'123'456'000);
}

TEST(AncillaryView, knows_no_time_that_it_could_not_hold) {
    for (auto [seconds, rest] :
         {std::pair{INT64_MAX, INT64_MAX}, std::pair{INT64_MIN, std::int64_t{0}},
          std::pair{INT64_MAX / 1'000'000'000 + 1, std::int64_t{0}}, std::pair{std::int64_t{0}, std::int64_t{-1}},
          std::pair{std::int64_t{0}, std::int64_t{1'000'000'000}}}) {
        std::array<std::int64_t, 2> parts{seconds, rest};
        for (int type : {cmsg::timestamp_ns, cmsg::timestamp}) {
            AncillaryBuilder hostile;
            hostile.add(cmsg::socket, type, std::as_bytes(std::span(parts)));
            EXPECT_FALSE(AncillaryView(hostile).timestamp()) << seconds << ' ' << rest;
        }
    }
    std::array<std::int64_t, 2> parts{-5, 999'999};
    AncillaryBuilder early;
    early.add(cmsg::socket, cmsg::timestamp, std::as_bytes(std::span(parts)));
    EXPECT_EQ(AncillaryView(early).timestamp().value().time_since_epoch().count(), -4'000'001'000);
}

TEST(AncillaryView, tells_the_times_of_both_clocks_that_there_are) {
    std::array<std::int64_t, 6> parts{1'700'000'000, 5, 0, 0, 0, 0};
    auto times = [&] {
        AncillaryBuilder builder;
        return *AncillaryView(builder.add(cmsg::socket, cmsg::timestamping, std::as_bytes(std::span(parts))))
                    .timestamps();
    };
    EXPECT_EQ(times().software.value().time_since_epoch().count(), 1'700'000'000'000'000'005);
    EXPECT_FALSE(times().hardware);
    parts = {0, 0, 7, 7, 3, 4};
    EXPECT_FALSE(times().software);
    EXPECT_EQ(times().hardware.value().time_since_epoch().count(), 3'000'000'004);
    parts = {INT64_MAX, 0, 0, 0, 9'223'372'036, 999'999'999};  // beyond what can be told
    EXPECT_FALSE(times().software);
    EXPECT_FALSE(times().hardware);
}

TEST(AncillaryView, tells_why_a_datagram_did_not_arrive) {
    // errno 111, ICMP 3/3, info 0x01020304, data 9; then who told.
    std::string bytes("\x6f\0\0\0\2\3\3\0\4\3\2\1\x09\0\0\0", 16);
    Address router = Address::ip("192.0.2.1", 0);
    auto told = [&](const std::string& item, int level = cmsg::ip, int type = cmsg::ip_error) {
        AncillaryBuilder builder;
        return AncillaryView(builder.add(level, type, item)).extended_error();
    };
    EXPECT_EQ(told(bytes + router.sockaddr().to_string()), (ExtendedError{111, 2, 3, 3, 0x01020304, 9, router}));
    EXPECT_EQ(told(bytes), (ExtendedError{111, 2, 3, 3, 0x01020304, 9, {}}));
    EXPECT_EQ(told(bytes + std::string("\2\0\1", 3))->offender, Address());  // cut short
    EXPECT_EQ(told(bytes, cmsg::ipv6, cmsg::ipv6_error)->errnum, 111);
    EXPECT_FALSE(told(bytes.substr(0, 15)));
    EXPECT_FALSE(told(bytes, cmsg::ipv6));
}

TEST(AncillaryView, tells_destinations_marks_labels_and_what_waits) {
    AncillaryBuilder builder;
    Address target = Address::ip("2001:db8::1", 53);
    builder.add(cmsg::ipv6, cmsg::ipv6_original_destination, target.sockaddr());
    builder.add(cmsg::socket, cmsg::mark, Bytes("\x98\xba\xdc\xfe"));
    builder.add(cmsg::socket, cmsg::security, Bytes("unconfined\0"));
    builder.add(cmsg::tcp, cmsg::tcp_waiting, Bytes("\5\0\0\0"));
    AncillaryView view(builder);
    EXPECT_EQ(view.original_destination(), target);
    EXPECT_EQ(view.mark(), 0xfedcba98);
    EXPECT_EQ(view.security(), "unconfined");
    EXPECT_EQ(view.bytes_waiting(), 5u);
    AncillaryBuilder cut;
    cut.add(cmsg::ip, cmsg::ip_original_destination, Bytes("\2\0\1"));
    EXPECT_FALSE(AncillaryView(cut).original_destination());
    EXPECT_FALSE(AncillaryView().security());
}

TEST(AncillaryBuilder, items_for_the_kernels_cryptography_are_its_structs) {
    AncillaryBuilder builder;
    builder.alg_operation(1).alg_iv("iv!").alg_associated_length(0x01020304);
    EXPECT_EQ(Bytes(builder), testing::unhex("1400000000000000"
                                             "1701000003000000"
                                             "0100000000000000"
                                             "1700000000000000"
                                             "1701000002000000"
                                             "0300000069762100"
                                             "1400000000000000"
                                             "1701000004000000"
                                             "0403020100000000"));
}

TEST(AncillaryBuilder, refuses_what_is_out_of_range) {
    AncillaryBuilder builder;
    EXPECT_THROW(builder.ttl(Family::inet, 256), OverflowError);
    EXPECT_THROW(builder.traffic_class(Family::inet6, -1), OverflowError);
    EXPECT_THROW(builder.packet_info({Address::unix_path("/x"), 1}), ValueError);
    EXPECT_EQ(builder.size(), 0u);
}

TEST(Ancillary, lengths_are_cpythons_with_their_borders) {
    std::vector<std::ptrdiff_t> lengths;
    for (std::ptrdiff_t n = 0; n < 40; ++n) lengths.insert(lengths.end(), {n, 0x7fffffff - n, 0x80000000 + n, -n - 1});
    lengths.push_back(PTRDIFF_MAX);
    std::vector<std::string> arguments{"lengths"};
    for (auto n : lengths) arguments.push_back(std::to_string(n));
    auto expected = testing::oracle("tests/blocking/ancillary_oracle.py", arguments);
    ASSERT_EQ(expected.size(), lengths.size());
    auto text = [](auto function, std::ptrdiff_t n) {
        try {
            return std::to_string(function(n));
        } catch (const OverflowError&) {
            return std::string("overflow");
        }
    };
    for (std::size_t i = 0; i < lengths.size(); ++i)
        EXPECT_EQ(text(socket::cmsg_len, lengths[i]) + ' ' + text(socket::cmsg_space, lengths[i]), expected[i])
            << lengths[i];
}

}  // namespace
}  // namespace bight
