// SPDX-License-Identifier: BSL-1.0
#include "values/file_transfer/frames.h"

#include <gtest/gtest.h>

#include <vector>

namespace bight::file_transfer {
namespace {

using namespace std::string_literals;
using From = FrameReader::From;

Digest digest_of(char byte) {
    Digest digest;
    digest.fill(static_cast<std::byte>(byte));
    return digest;
}

const std::vector<Frame> frames{Offer{0, false, "a"},
                                Offer{largest_size, true, std::string(longest_announced_name, 'n')},
                                Offer{1, false, ""},
                                Offer{0x0102030405060708, false, "x\0\n/"s},
                                Go{0},
                                Go{largest_size},
                                Prefix{digest_of('\0')},
                                Whole{digest_of('\xff')},
                                Answer{Verdict::received},
                                Answer{Verdict::too_slow}};

/// What a reader makes of pieces: frames, and at the end a fault or none.
std::pair<std::vector<Frame>, std::optional<FrameFault>> read_all(From from,
                                                                  std::initializer_list<std::string_view> pieces) {
    FrameReader reader(from);
    std::vector<Frame> found;
    for (Bytes piece : pieces)
        while (true) {
            auto frame = reader.read(piece);
            if (!frame) return {found, frame.error()};
            if (!*frame) break;
            found.push_back(std::move(**frame));
        }
    return {found, std::nullopt};
}

FrameFault fault_of(std::string_view bytes) {
    auto [found, fault] = read_all(From::receiver, {bytes});
    EXPECT_TRUE(fault) << "no fault";
    return fault.value_or(FrameFault::not_this_protocol);
}

TEST(Frames, each_kind_goes_there_and_back) {
    for (const auto& frame : frames) {
        auto [found, fault] = read_all(From::receiver, {encode(frame)});
        EXPECT_FALSE(fault);
        ASSERT_EQ(found.size(), 1u);
        EXPECT_EQ(found[0], frame);
    }
}

// B114: at every split point the same comes out.
TEST(Frames, the_pieces_do_not_matter) {
    std::string stream(greeting);
    for (const auto& frame : frames) stream += encode(frame);
    for (std::size_t split = 0; split <= stream.size(); ++split) {
        auto view = std::string_view(stream);
        auto [found, fault] = read_all(From::sender, {view.substr(0, split), view.substr(split)});
        ASSERT_FALSE(fault) << split;
        ASSERT_EQ(found, frames) << split;
    }
    FrameReader reader(From::sender);
    std::vector<Frame> found;
    for (const char& byte : stream) {
        Bytes piece(std::string_view(&byte, 1));
        auto frame = reader.read(piece);
        ASSERT_TRUE(frame);
        ASSERT_TRUE(piece.empty());
        if (*frame) found.push_back(std::move(**frame));
    }
    EXPECT_EQ(found, frames);
}

TEST(Frames, what_follows_a_frame_is_left) {
    FrameReader reader(From::receiver);
    std::string stream = encode(Go{7}) + "the bytes of a file";
    Bytes input(stream);
    EXPECT_EQ(**reader.read(input), Frame(Go{7}));
    EXPECT_EQ(input, "the bytes of a file");
}

TEST(Frames, the_stream_may_end_between_two_and_not_within_one) {
    std::string stream = std::string(greeting) + encode(Go{7});
    for (std::size_t size = 0; size <= stream.size(); ++size) {
        FrameReader reader(From::sender);
        Bytes input(std::string_view(stream).substr(0, size));
        ASSERT_TRUE(reader.read(input));
        bool is_between = size == 0 || size == greeting.size() || size == stream.size();
        EXPECT_EQ(reader.is_between_frames(), is_between) << size;
    }
}

TEST(Frames, another_protocol_is_seen_at_its_first_wrong_byte) {
    for (std::string_view text : {"G", "GET / HTTP/1.1\r\n", "SSH-2.0", "BIGHTFX", "b", "\x16\x03\x01"}) {
        auto [found, fault] = read_all(From::sender, {text});
        EXPECT_EQ(fault, FrameFault::not_this_protocol) << text;
    }
    EXPECT_EQ(read_all(From::sender, {"BIGHTFT\x02"}).second, FrameFault::other_version);
    EXPECT_FALSE(read_all(From::sender, {"BIGHTFT"}).second);
}

TEST(Frames, wrong_headers_are_seen_before_a_body_has_come) {
    EXPECT_EQ(fault_of("\0\0\0\x08"s), FrameFault::unknown_type);
    EXPECT_EQ(fault_of("\x06\0\0\x08"s), FrameFault::unknown_type);
    EXPECT_EQ(fault_of("\x01\x02\0\x09"s), FrameFault::wrong_value);
    EXPECT_EQ(fault_of("\x02\x01\0\x08"s), FrameFault::wrong_value);
    EXPECT_EQ(fault_of("\x01\0\0\x07"s), FrameFault::wrong_length);
    EXPECT_EQ(fault_of("\x01\0\x10\x09"s), FrameFault::wrong_length);  // 8 + 4097
    EXPECT_EQ(fault_of("\x02\0\0\x09"s), FrameFault::wrong_length);
    EXPECT_EQ(fault_of("\x03\0\0\x1f"s), FrameFault::wrong_length);
    EXPECT_EQ(fault_of("\x04\0\0\x21"s), FrameFault::wrong_length);
    EXPECT_EQ(fault_of("\x05\0\0\0"s), FrameFault::wrong_length);
}

// A size is 8 bytes: what is no digit, or has zeros in front, cannot be said; what is negative elsewhere is too large.
TEST(Frames, sizes_up_to_the_largest_offset) {
    for (std::uint64_t size : {0ull, 1ull, 0x7fffffffull, 0x80000000ull, 0x80000001ull, 0xffffffffull, 0x100000000ull,
                               0x100000001ull, 0x7fffffffffffffffull}) {
        auto [found, fault] = read_all(From::receiver, {encode(Offer{size, false, "n"})});
        ASSERT_FALSE(fault) << size;
        EXPECT_EQ(std::get<Offer>(found.at(0)).size, size);
    }
    for (std::uint64_t size : {0x8000000000000000ull, 0xffffffffffffffffull})
        EXPECT_EQ(fault_of(encode(Offer{size, false, "n"})), FrameFault::wrong_value);
    EXPECT_EQ(fault_of(encode(Go{0x8000000000000000ull})), FrameFault::wrong_value);
    EXPECT_EQ(fault_of("\x05\0\0\x01\x0c"s), FrameFault::wrong_value);
}

}  // namespace
}  // namespace bight::file_transfer
