// SPDX-License-Identifier: BSL-1.0
#include <bight/options.h>

#include "blocking/socket_state.h"

#include <cerrno>
#include <cstring>
#include <string>

namespace bight::options {
namespace detail {
namespace {

constexpr std::size_t most_room = std::size_t{1} << 20;  // 65536 groups, the kernel's most, take a quarter of it

int descriptor(const Socket& socket, const Name& name) {
    auto* state = SocketAccess::state(socket);
    if (!state) throw ClosedError(name.text);
    return state->fd.fileno();
}

template <class T>
T number(Bytes answer) {
    T value{};
    std::memcpy(&value, answer.data(), answer.size() < sizeof value ? answer.size() : sizeof value);
    return value;
}

}  // namespace

int read(const Socket& socket, const Name& name, MutableBytes room) {
    auto came = sys::getsockopt(descriptor(socket, name), name.level, name.number, room);
    return came ? 0 : came.error().number();
}

int read_all(const Socket& socket, const Name& name, std::size_t first, Buffer& answer) {
    int fd = descriptor(socket, name);
    for (std::size_t size = first;; size *= 4) {
        answer = Buffer::with_capacity(size);
        auto came = sys::getsockopt(fd, name.level, name.number, answer.room().first(size));
        if (came) {
            answer.resize(*came);
            return 0;
        }
        if (came.error().number() != ERANGE || size >= most_room) return came.error().number();
    }
}

void write(Socket& socket, const Name& name, Bytes value) {
    auto written = sys::setsockopt(descriptor(socket, name), name.level, name.number, value);
    if (!written) raise_os_error(written.error(), "set " + std::string(name.text));
}

void refused(Errno error, const Name& name) { raise_os_error(error, "get " + std::string(name.text)); }
void out_of_range(const char* name) { throw OverflowError(std::string(name) + ": out of range"); }

void out_of_range(const char* name, long long least, unsigned long long most) {
    throw OverflowError(std::string(name) + " must be " + std::to_string(least) + " to " + std::to_string(most));
}

void text_does_not_fit(const char* name) {
    throw ValueError(std::string(name) + ": a text of at most 15 characters, and without a NUL");
}

Family read_family(Bytes answer) { return number<int>(answer); }
Kind read_kind(Bytes answer) { return number<int>(answer); }
Errno read_errno(Bytes answer) { return Errno(number<int>(answer)); }
Credentials read_credentials(Bytes answer) { return number<Credentials>(answer); }

std::vector<std::uint32_t> read_numbers(Bytes answer) {
    std::vector<std::uint32_t> numbers(answer.size() / sizeof(std::uint32_t));
    if (!numbers.empty()) std::memcpy(numbers.data(), answer.data(), numbers.size() * sizeof(std::uint32_t));
    return numbers;
}

std::string read_label(Bytes answer) {
    auto label = answer.view();
    while (label.ends_with('\0')) label.remove_suffix(1);  // some modules count it
    return std::string(label);
}

FileDescriptor read_descriptor(Bytes answer) {
    return answer.size() < sizeof(int) ? FileDescriptor() : FileDescriptor(number<int>(answer));
}

std::string read_bytes(Bytes answer) { return answer.to_string(); }

}  // namespace detail

HostAddress::Wire HostAddress::pack(const Address& host, const char* name) {
    if (host.family() != Family::inet) throw ValueError(std::string(name) + ": an IPv4 address");
    sockaddr_in bytes;
    std::memcpy(&bytes, host.sockaddr().data(), sizeof bytes);
    return std::bit_cast<Wire>(bytes.sin_addr);
}

Address HostAddress::unpack(const Wire& wire) {
    sockaddr_in bytes{};
    bytes.sin_family = AF_INET;
    bytes.sin_addr = std::bit_cast<in_addr>(wire);
    return Address::from_sockaddr({reinterpret_cast<const std::byte*>(&bytes), sizeof bytes});
}

}  // namespace bight::options
