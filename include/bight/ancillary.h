// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/family.h>
#include <bight/time.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace bight {

// What travels beside a message's data: cmsg(3). All of this works on bytes and makes no system call.

/// When the kernel took a message in.
using SystemTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// Who sent a message over a Unix socket, as the kernel vouches for it. See SO_PASSCRED in unix(7).
struct Credentials {
    int pid = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Which way a datagram came, or is to go: IP_PKTINFO of ip(7), IPV6_PKTINFO of ipv6(7). Ports are 0.
struct PacketInfo {
    Address local;                      // where it was sent to; for sending: the source
    std::uint32_t interface_index = 0;  // for sending: 0 for any
    friend bool operator==(const PacketInfo&, const PacketInfo&) = default;
};

/// The times of SO_TIMESTAMPING.
struct Timestamps {
    std::optional<SystemTime> software;
    std::optional<SystemTime> hardware;  // by the device's own clock
    friend bool operator==(const Timestamps&, const Timestamps&) = default;
};

/// Why a datagram did not arrive, or what became of one that was sent: from the queue of MSG_ERRQUEUE. Its parts are
/// those of sock_extended_err: IP_RECVERR of ip(7).
struct ExtendedError {
    int errnum = 0;
    int origin =
        0;  // SO_EE_ORIGIN_… of <linux/errqueue.h>: 1 this machine, 2 ICMP, 3 ICMPv6, 4 a time stamp, 5 MSG_ZEROCOPY
    int type = 0;  // of ICMP
    int code = 0;
    std::uint32_t info = 0;
    std::uint32_t data = 0;
    Address offender;  // who told; of nothing where it was this machine
    friend bool operator==(const ExtendedError&, const ExtendedError&) = default;
};

/// One item, as Python's recvmsg() gives it. Its data lies in the memory of what it came from.
struct AncillaryItem {
    int level = 0;
    int type = 0;
    Bytes data;

    bool is(int other_level, int other_type) const noexcept { return level == other_level && type == other_type; }
};

/// The items of ancillary data: a range of AncillaryItem.
///
/// Never looks outside the bytes that it is given, whatever they hold. An item that was cut off by the end has the
/// data that is there, and is the last one; a header that was cut off, or that is wrong, is none.
class AncillaryView {
public:
    class iterator;

    AncillaryView() noexcept = default;
    explicit AncillaryView(Bytes bytes) noexcept : bytes_(bytes) {}

    inline iterator begin() const noexcept;
    inline iterator end() const noexcept;
    bool empty() const noexcept;
    Bytes bytes() const noexcept { return bytes_; }

    // ---- The first item of a kind, where there is one that is whole. ---------------------------------------------------

    std::optional<Credentials> credentials() const noexcept;

    /// SO_TIMESTAMPNS, or SO_TIMESTAMP, which is to the microsecond. Nothing for what is no time, or before 1678 or after
    /// 2262.
    std::optional<SystemTime> timestamp() const noexcept;

    /// SO_TIMESTAMPING; those of sent messages come from the queue of MSG_ERRQUEUE.
    std::optional<Timestamps> timestamps() const noexcept;

    std::optional<PacketInfo> packet_info() const noexcept;

    /// Where a datagram was sent to, port included, before a firewall turned it: IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR.
    std::optional<Address> original_destination() const noexcept;

    /// Hops that were left: IP_RECVTTL, IPV6_RECVHOPLIMIT.
    std::optional<int> ttl() const noexcept;

    /// IP_RECVTOS, IPV6_RECVTCLASS; its two low bits are ECN (RFC 3168).
    std::optional<int> traffic_class() const noexcept;
    std::optional<int> ecn() const noexcept;

    /// How many messages this socket has lost so far for want of room: SO_RXQ_OVFL.
    std::optional<std::uint32_t> drops() const noexcept;

    /// Of the packet: SO_RCVMARK.
    std::optional<std::uint32_t> mark() const noexcept;

    /// The sender's label of a security module: SO_PASSSEC.
    std::optional<std::string_view> security() const noexcept;

    /// IP_RECVERR, IPV6_RECVERR.
    std::optional<ExtendedError> extended_error() const noexcept;

    /// How many bytes wait behind these: TCP_INQ.
    std::optional<std::uint32_t> bytes_waiting() const noexcept;

    /// The length of each datagram of a train that UDP_GRO has put together, but the last.
    std::optional<std::uint16_t> segment_size() const noexcept;

private:
    /// The first item of this kind with at least `least` bytes; empty data where there is none.
    Bytes find(int level, int type, std::size_t least) const noexcept;

    Bytes bytes_;
};

class AncillaryView::iterator {
public:
    using value_type = AncillaryItem;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    explicit iterator(Bytes rest) noexcept : rest_(rest) { read(); }

    const AncillaryItem& operator*() const noexcept { return item_; }
    const AncillaryItem* operator->() const noexcept { return &item_; }
    iterator& operator++() noexcept;
    iterator operator++(int) noexcept {
        iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.rest_.size() == b.rest_.size(); }

private:
    void read() noexcept;  // the item at the begin of rest_, which is made empty where there is none

    Bytes rest_;
    AncillaryItem item_;
};

inline AncillaryView::iterator AncillaryView::begin() const noexcept { return iterator(bytes_); }
inline AncillaryView::iterator AncillaryView::end() const noexcept { return {}; }

/// Makes ancillary data to send: `s.sendmsg(data, AncillaryBuilder().fds(descriptors))`. Can be used again after
/// clear(), and then allocates nothing.
class AncillaryBuilder {
public:
    AncillaryBuilder() noexcept = default;

    /// Any item.
    AncillaryBuilder& add(int level, int type, Bytes data);

    /// Descriptors for the peer's process, which gets duplicates: SCM_RIGHTS. The kernel takes 253 at most.
    AncillaryBuilder& fds(std::span<const int> descriptors);

    /// Who sends: one's own, unless privileged.
    AncillaryBuilder& credentials(const Credentials& sender);

    /// Where a datagram is to leave from.
    AncillaryBuilder& packet_info(const PacketInfo& way);

    /// Of a datagram to IPv4 or to IPv6. Raises OverflowError outside 0..255.
    AncillaryBuilder& ttl(Family family, int hops);
    AncillaryBuilder& traffic_class(Family family, int value);

    /// Makes the kernel send the data as datagrams of this length, the last one maybe shorter: UDP_SEGMENT.
    AncillaryBuilder& segment_size(std::uint16_t size);

    /// For AF_ALG: what to do, with which initial vector, and how much associated data there is. Socket::sendmsg_afalg()
    /// uses these.
    AncillaryBuilder& alg_operation(std::uint32_t operation);
    AncillaryBuilder& alg_iv(Bytes iv);
    AncillaryBuilder& alg_associated_length(std::uint32_t length);

    void clear() noexcept { buffer_.resize(0); }
    const std::byte* data() const noexcept { return buffer_.data(); }
    std::size_t size() const noexcept { return buffer_.size(); }

private:
    Buffer buffer_;
};

namespace socket {

/// CMSG_LEN and CMSG_SPACE of cmsg(3), whose names are macros of the platform's: the length of an item with `length`
/// bytes of data, without and with what fills it up. Raise OverflowError for a negative one, and for one too long for
/// the kernel, as in Python.
std::size_t cmsg_len(std::ptrdiff_t length);
std::size_t cmsg_space(std::ptrdiff_t length);

}  // namespace socket
}  // namespace bight
