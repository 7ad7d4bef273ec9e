// SPDX-License-Identifier: BSL-1.0
#include <bight/address_families.h>

#include <bight/error.h>

#include "values/address_access.h"
#include "values/family_layout.h"

#include <bit>
#include <cstring>
#include <type_traits>

namespace bight {
namespace {

template <class Layout>
Address make(int family, Layout fields) {
    static_assert(std::is_trivially_copyable_v<Layout> && sizeof fields <= Address::max_size);
    static_assert(std::has_unique_object_representations_v<Layout>);  // no byte of it is nobody's
    fields.family = static_cast<std::uint16_t>(family);
    Address address;
    auto* bytes = AddressAccess::reset(address, family, sizeof fields);
    std::memcpy(bytes, &fields, sizeof fields);
    return address;
}

/// The fields of an address of this family; those that it is too short for are 0.
template <class Layout>
Layout read(int family, const Address& address, const char* name) {
    if (address.family() != family) throw ValueError(address.to_string() + " is no address of " + name);
    Layout fields{};
    auto bytes = address.sockaddr().slice(0, sizeof fields);
    std::memcpy(&fields, bytes.data(), bytes.size());
    return fields;
}

std::uint16_t swapped_on_little(std::uint16_t value) {
    return std::endian::native == std::endian::little ? static_cast<std::uint16_t>(value << 8 | value >> 8) : value;
}
std::uint16_t swapped_on_big(std::uint16_t value) {
    return std::endian::native == std::endian::big ? static_cast<std::uint16_t>(value << 8 | value >> 8) : value;
}

template <std::size_t N>
std::string text_of(const std::array<char, N>& field) {
    std::string_view all(field.data(), N);
    return std::string(all.substr(0, all.find('\0')));
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

layout::BluetoothDevice device(const std::string& text) {
    layout::BluetoothDevice bytes{};
    bool good = text.size() == 17;
    for (std::size_t i = 0; good && i < 6; ++i) {
        int high = digit(text[3 * i]), low = digit(text[3 * i + 1]);
        good = high >= 0 && low >= 0 && (i == 5 || text[3 * i + 2] == ':');
        if (good) bytes[5 - i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    if (!good) throw ValueError("'" + text + "' is no Bluetooth address");
    return bytes;
}

std::string device_text(const layout::BluetoothDevice& bytes) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string text;
    for (std::size_t i = 6; i-- > 0;) {
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
        if (i > 0) text += ':';
    }
    return text;
}

}  // namespace

NetlinkAddress::operator Address() const { return make(layout::af_netlink, layout::Netlink{0, 0, pid, groups}); }

NetlinkAddress NetlinkAddress::of(const Address& address) {
    auto fields = read<layout::Netlink>(layout::af_netlink, address, "AF_NETLINK");
    return {fields.pid, fields.groups};
}

PacketAddress::operator Address() const {
    layout::Packet fields{};
    if (addr.size() > fields.addr.size()) throw ValueError("Hardware address must be 8 bytes or less");
    fields.proto = swapped_on_little(proto);
    fields.interface_index = interface_index;
    fields.hatype = hatype;
    fields.pkttype = pkttype;
    fields.length = static_cast<std::uint8_t>(addr.size());
    addr.copy(fields.addr.data(), fields.addr.size());
    return make(layout::af_packet, fields);
}

PacketAddress PacketAddress::of(const Address& address) {
    auto fields = read<layout::Packet>(layout::af_packet, address, "AF_PACKET");
    std::size_t length = fields.length < fields.addr.size() ? fields.length : fields.addr.size();
    return {fields.interface_index, swapped_on_little(fields.proto), fields.pkttype, fields.hatype,
            std::string(fields.addr.data(), length)};
}

VsockAddress::operator Address() const { return make(layout::af_vsock, layout::Vsock{0, 0, port, cid, {}}); }

VsockAddress VsockAddress::of(const Address& address) {
    auto fields = read<layout::Vsock>(layout::af_vsock, address, "AF_VSOCK");
    return {fields.cid, fields.port};
}

CanAddress::operator Address() const { return make(layout::af_can, layout::Can{0, 0, interface_index, {}}); }

CanAddress CanAddress::of(const Address& address) {
    return {read<layout::Can>(layout::af_can, address, "AF_CAN").interface_index};
}

IsotpAddress::operator Address() const {
    return make(layout::af_can, layout::Isotp{0, 0, interface_index, rx, tx, {}});
}

IsotpAddress IsotpAddress::of(const Address& address) {
    auto fields = read<layout::Isotp>(layout::af_can, address, "AF_CAN");
    return {fields.interface_index, fields.rx, fields.tx};
}

J1939Address::operator Address() const {
    return make(layout::af_can, layout::J1939{0, 0, interface_index, name, pgn, addr, {}});
}

J1939Address J1939Address::of(const Address& address) {
    auto fields = read<layout::J1939>(layout::af_can, address, "AF_CAN");
    return {fields.interface_index, fields.name, fields.pgn, fields.addr};
}

namespace {
constexpr int tipc_addr_id = 3;
}

TipcAddress::operator Address() const {
    if (addr_type < 1 || addr_type > tipc_addr_id) throw ValueError("Invalid address type");
    if (scope < -128 || scope > 127) throw OverflowError("scope must be -128-127.");
    layout::Tipc fields{0, static_cast<std::uint8_t>(addr_type), static_cast<std::int8_t>(scope), {v1, v2, v3}};
    if (addr_type == tipc_addr_id) fields.v = {v2, v1, 0};
    return make(layout::af_tipc, fields);
}

TipcAddress TipcAddress::of(const Address& address) {
    auto fields = read<layout::Tipc>(layout::af_tipc, address, "AF_TIPC");
    if (fields.addr_type == tipc_addr_id) return {fields.addr_type, fields.v[1], fields.v[0], 0, fields.scope};
    return {fields.addr_type, fields.v[0], fields.v[1], fields.v[2], fields.scope};
}

QipcrtrAddress::operator Address() const { return make(layout::af_qipcrtr, layout::Qipcrtr{0, 0, node, port}); }

QipcrtrAddress QipcrtrAddress::of(const Address& address) {
    auto fields = read<layout::Qipcrtr>(layout::af_qipcrtr, address, "AF_QIPCRTR");
    return {fields.node, fields.port};
}

AlgAddress::operator Address() const {
    layout::Alg fields{};
    if (type.size() >= fields.type.size()) throw ValueError("AF_ALG type too long.");
    if (name.size() >= fields.name.size()) throw ValueError("AF_ALG name too long.");
    type.copy(fields.type.data(), fields.type.size());
    name.copy(fields.name.data(), fields.name.size());
    fields.feat = feat;
    fields.mask = mask;
    return make(layout::af_alg, fields);
}

AlgAddress AlgAddress::of(const Address& address) {
    auto fields = read<layout::Alg>(layout::af_alg, address, "AF_ALG");
    return {text_of(fields.type), text_of(fields.name), fields.feat, fields.mask};
}

// ---- Bluetooth. --------------------------------------------------------------------------------------------------------

L2capAddress::operator Address() const {
    return make(layout::af_bluetooth,
                layout::L2cap{0, swapped_on_big(psm), device(bdaddr), swapped_on_big(cid), bdaddr_type, 0});
}

L2capAddress L2capAddress::of(const Address& address) {
    auto fields = read<layout::L2cap>(layout::af_bluetooth, address, "AF_BLUETOOTH");
    return {device_text(fields.device), swapped_on_big(fields.psm), swapped_on_big(fields.cid), fields.device_type};
}

RfcommAddress::operator Address() const {
    return make(layout::af_bluetooth, layout::Rfcomm{0, device(bdaddr), channel, 0});
}

RfcommAddress RfcommAddress::of(const Address& address) {
    auto fields = read<layout::Rfcomm>(layout::af_bluetooth, address, "AF_BLUETOOTH");
    return {device_text(fields.device), fields.channel};
}

HciAddress::operator Address() const { return make(layout::af_bluetooth, layout::Hci{0, device_id, channel}); }

HciAddress HciAddress::of(const Address& address) {
    auto fields = read<layout::Hci>(layout::af_bluetooth, address, "AF_BLUETOOTH");
    return {fields.device_id, fields.channel};
}

ScoAddress::operator Address() const { return make(layout::af_bluetooth, layout::Sco{0, device(bdaddr)}); }

ScoAddress ScoAddress::of(const Address& address) {
    return {device_text(read<layout::Sco>(layout::af_bluetooth, address, "AF_BLUETOOTH").device)};
}

}  // namespace bight
