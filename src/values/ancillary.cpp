// SPDX-License-Identifier: BSL-1.0
#include <bight/ancillary.h>

#include <bight/error.h>

#include "values/address_access.h"
#include "values/cmsg_layout.h"
#include "values/load.h"
#include "values/sockaddr_layout.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace bight {
namespace {

template <class T>
Bytes bytes_of(const T& value) noexcept {
    return {reinterpret_cast<const std::byte*>(&value), sizeof value};
}

// in_pktinfo: interface, local address, the header's destination. in6_pktinfo: address, interface.
struct Info4 {
    std::int32_t interface_index;
    std::array<std::byte, 4> local;
    std::array<std::byte, 4> destination;
};
struct Info6 {
    std::array<std::byte, 16> destination;
    std::uint32_t interface_index;
};

/// sock_extended_err, which the offender's address follows.
struct ErrorHeader {
    std::uint32_t errnum;
    std::uint8_t origin, type, code, padding;
    std::uint32_t info, data;
};

/// A sockaddr of IPv4 or IPv6, as long as its family wants; none where that is cut short, or of another family.
std::optional<Address> inet_address(Bytes bytes) {
    if (bytes.size() < sizeof(std::uint16_t)) return std::nullopt;
    auto family = load<std::uint16_t>(bytes);
    std::size_t size = family == Family::inet.value    ? layout::inet_size
                       : family == Family::inet6.value ? layout::inet6_size
                                                       : 0;
    if (size == 0 || bytes.size() < size) return std::nullopt;
    return Address::from_sockaddr(bytes.slice(0, size));
}

Address host(Family family, Bytes number) noexcept {
    Address address;
    bool v4 = family == Family::inet;
    auto* bytes = AddressAccess::reset(address, family, v4 ? layout::inet_size : layout::inet6_size);
    std::memcpy(bytes + (v4 ? layout::inet_host : layout::inet6_host), number.data(), number.size());
    return address;
}

using TimePair = std::array<std::int64_t, 2>;  // timespec, timeval

/// Nothing for what a SystemTime does not reach, the years before 1678 and after 2262, and for a part beyond a second.
template <class Part>
std::optional<SystemTime> time_of(Bytes pair) noexcept {
    constexpr auto farthest = std::chrono::floor<std::chrono::seconds>(SystemTime::duration::max()).count() - 1;
    auto [seconds, rest] = load<TimePair>(pair);
    if (seconds < -farthest || seconds > farthest || rest < 0 || Part(rest) >= std::chrono::seconds(1))
        return std::nullopt;
    return SystemTime(std::chrono::seconds(seconds) + Part(rest));
}

constexpr std::size_t longest = 0x7fffffff;  // the longest ancillary data there may be

void require_byte(int value, const char* what) {
    if (value < 0 || value > 255) throw OverflowError(std::string(what) + " must be 0-255.");
}

}  // namespace

// ---- Reading. ----------------------------------------------------------------------------------------------------------

void AncillaryView::iterator::read() noexcept {
    std::size_t length = rest_.size() < cmsg::header ? 0 : load<std::size_t>(rest_);
    if (length < cmsg::header) {
        rest_ = {};
        return;
    }
    item_ = {load<int>(rest_, cmsg::level), load<int>(rest_, cmsg::type),
             rest_.slice(cmsg::header, length - cmsg::header)};
}

AncillaryView::iterator& AncillaryView::iterator::operator++() noexcept {
    std::size_t length = load<std::size_t>(rest_);
    rest_ = length < rest_.size() ? rest_.slice(cmsg::aligned(length)) : Bytes();
    read();
    return *this;
}

bool AncillaryView::empty() const noexcept { return begin() == end(); }

Bytes AncillaryView::find(int level, int type, std::size_t least) const noexcept {
    for (const AncillaryItem& item : *this)
        if (item.is(level, type) && item.data.size() >= least) return item.data;
    return {};
}

std::optional<Credentials> AncillaryView::credentials() const noexcept {
    Bytes data = find(cmsg::socket, cmsg::credentials, sizeof(Credentials));
    if (!data) return std::nullopt;
    return load<Credentials>(data);
}

std::optional<SystemTime> AncillaryView::timestamp() const noexcept {
    if (Bytes data = find(cmsg::socket, cmsg::timestamp_ns, sizeof(TimePair)))
        return time_of<std::chrono::nanoseconds>(data);
    if (Bytes data = find(cmsg::socket, cmsg::timestamp, sizeof(TimePair)))
        return time_of<std::chrono::microseconds>(data);
    return std::nullopt;
}

std::optional<Timestamps> AncillaryView::timestamps() const noexcept {
    // Three timespecs: of the kernel, one that is no more, of the device.
    Bytes data = find(cmsg::socket, cmsg::timestamping, 3 * sizeof(TimePair));
    if (!data) return std::nullopt;
    auto at = [&](std::size_t place) {
        Bytes pair = data.slice(place * sizeof(TimePair), sizeof(TimePair));
        bool known = load<TimePair>(pair) != TimePair{};
        return known ? time_of<std::chrono::nanoseconds>(pair) : std::nullopt;
    };
    return Timestamps{at(0), at(2)};
}

std::optional<PacketInfo> AncillaryView::packet_info() const noexcept {
    if (Bytes data = find(cmsg::ip, cmsg::ip_packet_info, sizeof(Info4))) {
        auto info = load<Info4>(data);
        return PacketInfo{host(Family::inet, info.destination), static_cast<std::uint32_t>(info.interface_index)};
    }
    if (Bytes data = find(cmsg::ipv6, cmsg::ipv6_packet_info, sizeof(Info6))) {
        auto info = load<Info6>(data);
        return PacketInfo{host(Family::inet6, info.destination), info.interface_index};
    }
    return std::nullopt;
}

std::optional<Address> AncillaryView::original_destination() const noexcept {
    Bytes data = find(cmsg::ip, cmsg::ip_original_destination, layout::inet_size);
    if (!data) data = find(cmsg::ipv6, cmsg::ipv6_original_destination, layout::inet6_size);
    return inet_address(data);
}

std::optional<int> AncillaryView::ttl() const noexcept {
    Bytes data = find(cmsg::ip, cmsg::ip_ttl, sizeof(int));
    if (!data) data = find(cmsg::ipv6, cmsg::ipv6_hop_limit, sizeof(int));
    if (!data) return std::nullopt;
    return load<int>(data);
}

std::optional<int> AncillaryView::traffic_class() const noexcept {
    if (Bytes data = find(cmsg::ip, cmsg::ip_tos, 1)) return std::to_integer<int>(data[0]);  // one byte
    Bytes data = find(cmsg::ipv6, cmsg::ipv6_traffic_class, sizeof(int));
    if (!data) return std::nullopt;
    return load<int>(data);
}

std::optional<int> AncillaryView::ecn() const noexcept {
    auto value = traffic_class();
    if (value) *value &= 3;
    return value;
}

std::optional<std::uint32_t> AncillaryView::drops() const noexcept {
    Bytes data = find(cmsg::socket, cmsg::drops, sizeof(std::uint32_t));
    if (!data) return std::nullopt;
    return load<std::uint32_t>(data);
}

std::optional<std::uint32_t> AncillaryView::mark() const noexcept {
    Bytes data = find(cmsg::socket, cmsg::mark, sizeof(std::uint32_t));
    if (!data) return std::nullopt;
    return load<std::uint32_t>(data);
}

std::optional<std::string_view> AncillaryView::security() const noexcept {
    Bytes data = find(cmsg::socket, cmsg::security, 1);
    if (!data) return std::nullopt;
    auto label = data.view();
    while (label.ends_with('\0')) label.remove_suffix(1);  // some modules count it
    return label;
}

std::optional<ExtendedError> AncillaryView::extended_error() const noexcept {
    Bytes data = find(cmsg::ip, cmsg::ip_error, sizeof(ErrorHeader));
    if (!data) data = find(cmsg::ipv6, cmsg::ipv6_error, sizeof(ErrorHeader));
    if (!data) return std::nullopt;
    auto header = load<ErrorHeader>(data);
    return ExtendedError{static_cast<int>(header.errnum),
                         header.origin,
                         header.type,
                         header.code,
                         header.info,
                         header.data,
                         inet_address(data.slice(sizeof header)).value_or(Address())};
}

std::optional<std::uint32_t> AncillaryView::bytes_waiting() const noexcept {
    Bytes data = find(cmsg::tcp, cmsg::tcp_waiting, sizeof(std::uint32_t));
    if (!data) return std::nullopt;
    return load<std::uint32_t>(data);
}

std::optional<std::uint16_t> AncillaryView::segment_size() const noexcept {
    Bytes data = find(cmsg::udp, cmsg::udp_gro, sizeof(int));
    if (!data) return std::nullopt;
    return static_cast<std::uint16_t>(load<int>(data));
}

// ---- Making. -----------------------------------------------------------------------------------------------------------

AncillaryBuilder& AncillaryBuilder::add(int level, int type, Bytes data) {
    std::size_t start = buffer_.size();
    if (data.size() > longest - start - 2 * cmsg::header) throw OverflowError("ancillary data too long");
    std::size_t end = start + cmsg::aligned(cmsg::header + data.size());
    if (end > buffer_.capacity()) {
        Buffer larger = Buffer::with_capacity(std::max<std::size_t>(end, 256));
        if (start > 0) std::memcpy(larger.room().data(), buffer_.data(), start);
        buffer_.swap(larger);
    }
    buffer_.resize(end);
    std::byte* item = buffer_.room().data() + start;
    std::memset(item, 0, end - start);
    std::size_t length = cmsg::header + data.size();
    std::memcpy(item, &length, sizeof length);
    std::memcpy(item + cmsg::level, &level, sizeof level);
    std::memcpy(item + cmsg::type, &type, sizeof type);
    if (!data.empty()) std::memcpy(item + cmsg::header, data.data(), data.size());
    return *this;
}

AncillaryBuilder& AncillaryBuilder::fds(std::span<const int> descriptors) {
    return add(cmsg::socket, cmsg::rights,
               {reinterpret_cast<const std::byte*>(descriptors.data()), descriptors.size_bytes()});
}

AncillaryBuilder& AncillaryBuilder::credentials(const Credentials& sender) {
    return add(cmsg::socket, cmsg::credentials, bytes_of(sender));
}

AncillaryBuilder& AncillaryBuilder::packet_info(const PacketInfo& way) {
    if (way.local.family() == Family::inet6) {
        Info6 info{{}, way.interface_index};
        std::memcpy(info.destination.data(), way.local.sockaddr().data() + layout::inet6_host, 16);
        return add(cmsg::ipv6, cmsg::ipv6_packet_info, bytes_of(info));
    }
    if (way.local.family() != Family::inet) throw ValueError("packet info is for IPv4 and IPv6");
    Info4 info{static_cast<std::int32_t>(way.interface_index), {}, {}};
    std::memcpy(info.local.data(), way.local.sockaddr().data() + layout::inet_host, 4);
    return add(cmsg::ip, cmsg::ip_packet_info, bytes_of(info));
}

AncillaryBuilder& AncillaryBuilder::ttl(Family family, int hops) {
    require_byte(hops, "ttl");
    return family == Family::inet6 ? add(cmsg::ipv6, cmsg::ipv6_hop_limit, bytes_of(hops))
                                   : add(cmsg::ip, cmsg::ip_ttl, bytes_of(hops));
}

AncillaryBuilder& AncillaryBuilder::traffic_class(Family family, int value) {
    require_byte(value, "traffic class");
    return family == Family::inet6 ? add(cmsg::ipv6, cmsg::ipv6_traffic_class, bytes_of(value))
                                   : add(cmsg::ip, cmsg::ip_tos, bytes_of(value));
}

AncillaryBuilder& AncillaryBuilder::segment_size(std::uint16_t size) {
    return add(cmsg::udp, cmsg::udp_segment, bytes_of(size));
}

AncillaryBuilder& AncillaryBuilder::alg_operation(std::uint32_t operation) {
    return add(cmsg::alg, cmsg::alg_operation, bytes_of(operation));
}

AncillaryBuilder& AncillaryBuilder::alg_iv(Bytes iv) {
    if (iv.size() > longest) throw OverflowError("initial vector too long");
    auto size = static_cast<std::uint32_t>(iv.size());
    std::string item(bytes_of(size).view());  // af_alg_iv: its length, then the vector
    item += iv.view();
    return add(cmsg::alg, cmsg::alg_iv, item);
}

AncillaryBuilder& AncillaryBuilder::alg_associated_length(std::uint32_t length) {
    return add(cmsg::alg, cmsg::alg_associated_length, bytes_of(length));
}

// ---- Lengths. ----------------------------------------------------------------------------------------------------------

std::size_t socket::cmsg_len(std::ptrdiff_t length) {
    if (length < 0 || static_cast<std::size_t>(length) > longest - cmsg::header)
        throw OverflowError("CMSG_LEN() argument out of range");
    return cmsg::header + static_cast<std::size_t>(length);
}

std::size_t socket::cmsg_space(std::ptrdiff_t length) {
    if (length < 0 || static_cast<std::size_t>(length) > longest - cmsg::header - cmsg::alignment)
        throw OverflowError("CMSG_SPACE() argument out of range");
    return cmsg::header + cmsg::aligned(static_cast<std::size_t>(length));
}

}  // namespace bight
