// SPDX-License-Identifier: BSL-1.0
#include <bight/tcp_info.h>

#include <gtest/gtest.h>

#include <array>

namespace bight {
namespace {

TEST(TcpInfo, bytes_have_their_places_and_short_answers_leave_the_rest_unset) {
    std::array<std::byte, 248> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    auto all = TcpInfo::of(bytes);
    EXPECT_EQ(all.retransmits, 2);
    EXPECT_EQ(all.rtt, std::chrono::microseconds(0x47464544));
    EXPECT_EQ(all.total_retransmissions, 0x67666564u);
    EXPECT_EQ(all.pacing_rate, 0x6f6e6d6c6b6a6968u);
    EXPECT_EQ(all.min_rtt, std::chrono::microseconds(0x97969594));
    EXPECT_EQ(all.send_window, 0xe7e6e5e4u);
    EXPECT_EQ(all.total_timeouts, 0xf1f0);
    EXPECT_EQ(all.total_timeout_time, std::chrono::milliseconds(0xf7f6f5f4));
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        auto info = TcpInfo::of(Bytes(bytes).slice(0, size));
        EXPECT_EQ(info.pacing_rate.has_value(), size >= 112);
        EXPECT_EQ(info.send_window.has_value(), size >= 232);
        EXPECT_EQ(info.total_timeout_time.has_value(), size >= 248);
        EXPECT_EQ(info.rtt.count(), size >= 72 ? 0x47464544 : 0);
    }
    EXPECT_EQ(to_string(static_cast<TcpState>(0)), "0");
    EXPECT_EQ(to_string(static_cast<TcpState>(13)), "13");
    EXPECT_EQ(to_string(TcpState::new_syn_received), "NEW_SYN_RECV");
    EXPECT_EQ(to_string(TcpCongestionState::loss), "Loss");
    EXPECT_EQ(to_string(static_cast<TcpCongestionState>(9)), "9");
}

}  // namespace
}  // namespace bight
