// SPDX-License-Identifier: BSL-1.0
/// Any bytes as the stream of a file transfer: the first one chooses whose, and the size of the pieces. What is read in
/// pieces is what is read at once; a frame is written as it was read; and a name that is taken is one component.
#include "fuzz/require.h"

#include "values/file_transfer/frames.h"
#include "values/file_transfer/names.h"

#include <algorithm>
#include <vector>

using namespace bight::file_transfer;
using bight::Bytes;
using bight::fuzz::require;

namespace {

struct Reading {
    std::vector<Frame> frames;
    std::optional<FrameFault> fault;
    bool is_between = false;
    bool operator==(const Reading&) const = default;
};

Reading read(FrameReader reader, Bytes stream, std::size_t piece) {
    Reading reading;
    while (!stream.empty() && !reading.fault) {
        auto input = stream.slice(0, piece);
        stream = stream.slice(piece);
        while (true) {
            auto frame = reader.read(input);
            if (!frame) reading.fault = frame.error();
            if (!frame || !*frame) break;
            reading.frames.push_back(std::move(**frame));
        }
    }
    if (!reading.fault) reading.is_between = reader.is_between_frames();
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    auto from = (data[0] & 1) != 0 ? FrameReader::From::sender : FrameReader::From::receiver;
    auto text = bight::fuzz::text_of(data + 1, size - 1);
    Bytes stream(text);

    auto whole = read(FrameReader(from), stream, std::max<std::size_t>(stream.size(), 1));
    require(read(FrameReader(from), stream, 1 + data[0] / 2) == whole, "the pieces matter", text);

    std::string written(from == FrameReader::From::sender ? greeting : "");
    for (const auto& frame : whole.frames) {
        written += encode(frame);
        auto* offer = std::get_if<Offer>(&frame);
        if (!offer || !fault_of_name(offer->name).empty()) continue;
        require(offer->name.size() <= longest_name && offer->name.front() != '.', "a name that is none", offer->name);
        for (char byte : offer->name)
            require(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f && byte != '/' && byte != '\\',
                    "a name that leads away", offer->name);
    }
    if (!whole.frames.empty())
        require(text.starts_with(written), "a frame is written otherwise than it was read", text);
    if (whole.is_between && !whole.frames.empty()) require(text == written, "something was lost", text);
    return 0;
}
