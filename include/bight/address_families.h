// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/address.h>
#include <bight/bytes.h>

#include <array>
#include <cstdint>
#include <string>

// Addresses of the families beside IP and Unix, with the parts that Python's tuples have. Each converts to an Address,
// so that `s.bind(NetlinkAddress{.groups = 1})` works, and `of()` reads one back, raising ValueError for an address of
// another family. RDS, SCTP, UDP-Lite, MPTCP and raw sockets take Address::ip(). Interfaces are numbers here: see
// socket::if_nametoindex().
namespace bight {

/// netlink(7).
struct NetlinkAddress {
    std::uint32_t pid = 0;
    std::uint32_t groups = 0;

    operator Address() const;
    static NetlinkAddress of(const Address& address);
    friend bool operator==(const NetlinkAddress&, const NetlinkAddress&) = default;
};

/// packet(7). The protocol is in the host's order, as in Python: ETH_P_ALL, not htons(ETH_P_ALL).
struct PacketAddress {
    int interface_index = 0;
    std::uint16_t proto = 0;
    std::uint8_t pkttype = 0;
    std::uint16_t hatype = 0;
    std::string addr{};  // of the hardware: at most 8 bytes of any value, or ValueError

    operator Address() const;
    static PacketAddress of(const Address& address);
    friend bool operator==(const PacketAddress&, const PacketAddress&) = default;
};

/// vsock(7).
struct VsockAddress {
    std::uint32_t cid = 0;
    std::uint32_t port = 0;

    operator Address() const;
    static VsockAddress of(const Address& address);
    friend bool operator==(const VsockAddress&, const VsockAddress&) = default;
};

/// CAN of the protocols CAN_RAW and CAN_BCM; interface 0 is all of them.
struct CanAddress {
    int interface_index = 0;

    operator Address() const;
    static CanAddress of(const Address& address);
    friend bool operator==(const CanAddress&, const CanAddress&) = default;
};

/// CAN_ISOTP.
struct IsotpAddress {
    int interface_index = 0;
    std::uint32_t rx = 0;
    std::uint32_t tx = 0;

    operator Address() const;
    static IsotpAddress of(const Address& address);
    friend bool operator==(const IsotpAddress&, const IsotpAddress&) = default;
};

/// CAN_J1939.
struct J1939Address {
    int interface_index = 0;
    std::uint64_t name = 0;
    std::uint32_t pgn = 0;
    std::uint8_t addr = 0;

    operator Address() const;
    static J1939Address of(const Address& address);
    friend bool operator==(const J1939Address&, const J1939Address&) = default;
};

/// TIPC, with the meanings of Python's v1, v2, v3: for TIPC_ADDR_NAMESEQ type, lower, upper; for TIPC_ADDR_NAME type,
/// instance, domain; for TIPC_ADDR_ID node, reference, 0.
struct TipcAddress {
    int addr_type = 0;
    std::uint32_t v1 = 0, v2 = 0, v3 = 0;
    int scope = 0;

    operator Address() const;
    static TipcAddress of(const Address& address);
    friend bool operator==(const TipcAddress&, const TipcAddress&) = default;
};

/// QIPCRTR.
struct QipcrtrAddress {
    std::uint32_t node = 0;
    std::uint32_t port = 0;

    operator Address() const;
    static QipcrtrAddress of(const Address& address);
    friend bool operator==(const QipcrtrAddress&, const QipcrtrAddress&) = default;
};

/// The kernel's cryptography, for bind(): "hash", "sha256". ValueError for a type longer than 13 bytes, or a name longer
/// than 63: both end in a NUL.
struct AlgAddress {
    std::string type{};
    std::string name{};
    std::uint32_t feat = 0;
    std::uint32_t mask = 0;

    operator Address() const;
    static AlgAddress of(const Address& address);
    friend bool operator==(const AlgAddress&, const AlgAddress&) = default;
};

// ---- Bluetooth. Devices are texts, "01:23:45:67:89:AB"; ValueError for others. ------------------------------------------

struct L2capAddress {
    std::string bdaddr = "00:00:00:00:00:00";
    std::uint16_t psm = 0;
    std::uint16_t cid = 0;
    std::uint8_t bdaddr_type = 0;

    operator Address() const;
    static L2capAddress of(const Address& address);
    friend bool operator==(const L2capAddress&, const L2capAddress&) = default;
};

struct RfcommAddress {
    std::string bdaddr = "00:00:00:00:00:00";
    std::uint8_t channel = 0;

    operator Address() const;
    static RfcommAddress of(const Address& address);
    friend bool operator==(const RfcommAddress&, const RfcommAddress&) = default;
};

struct HciAddress {
    std::uint16_t device_id = 0;
    std::uint16_t channel = 0;

    operator Address() const;
    static HciAddress of(const Address& address);
    friend bool operator==(const HciAddress&, const HciAddress&) = default;
};

struct ScoAddress {
    std::string bdaddr = "00:00:00:00:00:00";

    operator Address() const;
    static ScoAddress of(const Address& address);
    friend bool operator==(const ScoAddress&, const ScoAddress&) = default;
};

}  // namespace bight
