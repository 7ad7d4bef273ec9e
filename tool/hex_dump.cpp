// SPDX-License-Identifier: BSL-1.0
#include "hex_dump.h"

#include "talk.h"

#include <bight/error.h>

#include <fmt/format.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace bight::tool {
namespace {

constexpr std::size_t bytes_in_line = 16;

FileDescriptor opened(const std::string& path) {
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) raise_os_error(errno, "open " + path);
    return FileDescriptor(fd);
}

/// "> 00000010  68 65 6c 6c 6f 0a                                 |hello.|"
void append_line(std::string& out, char direction, std::uint64_t at, Bytes data) {
    fmt::format_to(std::back_inserter(out), "{} {:08x} ", direction, at);
    for (std::size_t i = 0; i < bytes_in_line; ++i) {
        if (i % 8 == 0) out += ' ';
        if (i < data.size())
            fmt::format_to(std::back_inserter(out), "{:02x} ", std::to_integer<unsigned>(data[i]));
        else
            out += "   ";
    }
    out += " |";
    for (char c : data.view()) out += c >= ' ' && c <= '~' ? c : '.';
    out += "|\n";
}

}  // namespace

HexDump::HexDump(const std::string& path) : path_(path), file_(opened(path)) {}

void HexDump::begin() {
    if (std::exchange(has_begun_, true)) return;
    if (::ftruncate(file_.fileno(), 0) == 0 || errno == EINVAL) return;  // pipes and devices have nothing to lose
    raise_os_error(errno, "empty " + path_);
}

void HexDump::write(char direction, std::uint64_t& count, Bytes data) {
    std::string lines;
    for (std::size_t at = 0; at < data.size(); at += bytes_in_line)
        append_line(lines, direction, count + at, data.slice(at, bytes_in_line));
    count += data.size();
    if (int errnum = write_all(file_.fileno(), lines); errnum != 0) raise_os_error(errnum, "write to " + path_);
}

Result<Wire::Received> DumpedWire::receive(MutableBytes memory) {
    auto received = wire_->receive(memory);
    if (received) dump_.received(Bytes(memory).slice(0, received->size));
    return received;
}

Result<std::size_t> DumpedWire::send(Bytes data) {
    auto sent = wire_->send(data);
    if (sent) dump_.sent(data.slice(0, *sent));
    return sent;
}

}  // namespace bight::tool
