// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>

// The kernel's addresses of the families beside IP and Unix, field by field; src/sys/sockaddr_families.cpp asserts
// their sizes and places against the platform's structs (but for Bluetooth's, which no header of the kernel has). What the
// compiler would fill up has names: bytes that nobody set would go to the kernel, and make equal addresses unequal.
namespace bight::layout {

inline constexpr int af_netlink = 16, af_packet = 17, af_can = 29, af_tipc = 30, af_bluetooth = 31, af_alg = 38,
                     af_vsock = 40, af_qipcrtr = 42;

struct Netlink {
    std::uint16_t family, pad;
    std::uint32_t pid, groups;
};
struct Packet {
    std::uint16_t family, proto;  // of the network's order
    std::int32_t interface_index;
    std::uint16_t hatype;
    std::uint8_t pkttype, length;
    std::array<char, 8> addr;
};
struct Vsock {
    std::uint16_t family, reserved;
    std::uint32_t port, cid;
    std::array<std::uint8_t, 4> flags_and_zero;
};
struct Can {
    std::uint16_t family, pad;
    std::int32_t interface_index;
    std::array<std::uint32_t, 4> rest;
};
struct Isotp {
    std::uint16_t family, pad;
    std::int32_t interface_index;
    std::uint32_t rx, tx;
    std::array<std::uint32_t, 2> rest;
};
struct J1939 {
    std::uint16_t family, pad;
    std::int32_t interface_index;
    std::uint64_t name;
    std::uint32_t pgn;
    std::uint8_t addr;
    std::array<std::uint8_t, 3> rest;
};
struct Tipc {
    std::uint16_t family;
    std::uint8_t addr_type;
    std::int8_t scope;
    std::array<std::uint32_t, 3> v;  // of a TIPC_ADDR_ID the reference comes first
};
struct Qipcrtr {
    std::uint16_t family, pad;
    std::uint32_t node, port;
};
struct Alg {
    std::uint16_t family;
    std::array<char, 14> type;
    std::uint32_t feat, mask;
    std::array<char, 64> name;
};
using BluetoothDevice = std::array<std::uint8_t, 6>;  // the last byte of the text comes first
struct L2cap {
    std::uint16_t family, psm;  // Bluetooth's order: the low byte first
    BluetoothDevice device;
    std::uint16_t cid;
    std::uint8_t device_type, pad;
};
struct Rfcomm {
    std::uint16_t family;
    BluetoothDevice device;
    std::uint8_t channel, pad;
};
struct Hci {
    std::uint16_t family, device_id, channel;
};
struct Sco {
    std::uint16_t family;
    BluetoothDevice device;
};

}  // namespace bight::layout
