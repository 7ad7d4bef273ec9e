// SPDX-License-Identifier: BSL-1.0
#include "conformance/socket_glue.h"

#include <bight/address_families.h>
#include <bight/constants.h>
#include <bight/error.h>
#include <bight/interfaces.h>

#include <cerrno>
#include <cstdio>

// Addresses of the families beside IP and Unix, as the tuples that CPython's getsockaddrarg() takes and makesockaddr()
// gives, and with its complaints.
namespace bight::conformance {
namespace {

void require_tuple(PyObject* object, const char* caller, const char* family) {
    if (PyTuple_Check(object)) return;
    PyErr_Format(PyExc_TypeError, "%s AF_%s address must be tuple, not %.500s", caller, family,
                 Py_TYPE(object)->tp_name);
    throw Raised();
}

std::string with_parentheses(const char* caller) { return std::string(caller) + "():"; }

/// Two numbers, which most of these families have.
template <class Form>
Address pair_of(PyObject* object, const char* format) {
    unsigned first = 0, second = 0;
    checked(PyArg_ParseTuple(object, format, &first, &second) != 0);
    return Form{first, second};
}

int interface_index(std::string_view name) {
    try {
        return socket::if_nametoindex(name);
    } catch (const OSError&) {
        raise_os_error(ENODEV, name);  // that of the ioctl by which CPython asks here
    }
}

std::string interface_name(int index) {
    if (index == 0) return "";
    try {
        return socket::if_indextoname(index);
    } catch (const OSError&) {
        return "";  // gone meanwhile
    }
}

// ---- Packets. ----------------------------------------------------------------------------------------------------------

Address packet_of(PyObject* object, const char* caller) {
    const char* interface = nullptr;
    int proto = 0, pkttype = PACKET_HOST, hatype = 0;
    Py_buffer hardware{};
    checked(PyArg_ParseTuple(object, "si|iiy*;AF_PACKET address must be a tuple of two to five elements", &interface,
                             &proto, &pkttype, &hatype, &hardware) != 0);
    std::string addr(static_cast<const char*>(hardware.buf), static_cast<std::size_t>(hardware.len));
    PyBuffer_Release(&hardware);
    PacketAddress form{interface_index(interface), 0, static_cast<std::uint8_t>(pkttype),
                       static_cast<std::uint16_t>(hatype), addr};
    (void)static_cast<Address>(form);  // complains of the hardware's address first, as CPython does
    if (proto < 0 || proto > 0xffff) throw OverflowError(std::string(caller) + "(): proto must be 0-65535.");
    form.proto = static_cast<std::uint16_t>(proto);
    return form;
}

Ref packet_object(const Address& address) {
    auto form = PacketAddress::of(address);
    return tuple(text(interface_name(form.interface_index)), number(form.proto), number(form.pkttype),
                 number(form.hatype), to_bytes(form.addr));
}

// ---- CAN. --------------------------------------------------------------------------------------------------------------

int can_interface(PyObject* object) {
    auto name = View(object).bytes().to_string();
    if (name.size() >= 16) throw OSError("AF_CAN interface name too long");
    return name.empty() ? 0 : interface_index(name);
}

Address can_of(int proto, PyObject* object, const char* caller) {
    PyObject* name = nullptr;
    if (proto == CAN_RAW || proto == CAN_BCM) {
        require_tuple(object, with_parentheses(caller).c_str(), "CAN");
        checked(PyArg_ParseTuple(object, "O&;AF_CAN address must be a tuple (interface, )", PyUnicode_FSConverter,
                                 &name) != 0);
        Ref owned(name);
        return CanAddress{can_interface(name)};
    }
    if (proto == CAN_ISOTP) {
        unsigned long rx = 0, tx = 0;
        checked(PyArg_ParseTuple(object, "O&kk", PyUnicode_FSConverter, &name, &rx, &tx) != 0);
        Ref owned(name);
        return IsotpAddress{can_interface(name), static_cast<std::uint32_t>(rx), static_cast<std::uint32_t>(tx)};
    }
    if (proto == CAN_J1939) {
        unsigned long long device = 0;
        unsigned pgn = 0;
        unsigned char addr = 0;
        checked(PyArg_ParseTuple(object, "O&KIB", PyUnicode_FSConverter, &name, &device, &pgn, &addr) != 0);
        Ref owned(name);
        return J1939Address{can_interface(name), device, pgn, addr};
    }
    throw OSError(std::string(caller) + "(): unsupported CAN protocol");
}

Ref can_object(int proto, const Address& address) {
    auto name = text(interface_name(CanAddress::of(address).interface_index));
    if (proto == CAN_ISOTP) {
        auto form = IsotpAddress::of(address);
        return tuple(std::move(name), number(form.rx), number(form.tx));
    }
    if (proto == CAN_J1939) {
        auto form = J1939Address::of(address);
        return tuple(std::move(name), checked(PyLong_FromUnsignedLongLong(form.name)), number(form.pgn),
                     number(form.addr));
    }
    return tuple(std::move(name));
}

// ---- Cryptography, TIPC. -----------------------------------------------------------------------------------------------

Address alg_of(PyObject* object, const char* caller) {
    require_tuple(object, with_parentheses(caller).c_str(), "ALG");
    const char *type = nullptr, *name = nullptr;
    unsigned short feat = 0, mask = 0;
    checked(PyArg_ParseTuple(object, "ss|HH;AF_ALG address must be a tuple (type, name[, feat[, mask]])", &type, &name,
                             &feat, &mask) != 0);
    return AlgAddress{type, name, feat, mask};
}

Ref alg_object(const Address& address) {
    auto form = AlgAddress::of(address);
    return tuple(text(form.type), text(form.name), number(form.feat & 0xffff), number(form.mask & 0xffff));
}

Address tipc_of(PyObject* object, const char* caller) {
    require_tuple(object, with_parentheses(caller).c_str(), "TIPC");
    unsigned type = 0, v1 = 0, v2 = 0, v3 = 0, scope = TIPC_CLUSTER_SCOPE;
    checked(PyArg_ParseTuple(object, "IIII|I;AF_TIPC address must be a tuple (addr_type, v1, v2, v3[, scope])", &type,
                             &v1, &v2, &v3, &scope) != 0);
    if (type != TIPC_ADDR_NAMESEQ && type != TIPC_ADDR_NAME && type != TIPC_ADDR_ID) {
        PyErr_SetString(PyExc_TypeError, "Invalid address type");
        throw Raised();
    }
    if (type == TIPC_ADDR_NAME) v3 = 0;  // Python has no domain
    return TipcAddress{static_cast<int>(type), v1, v2, v3, static_cast<std::int8_t>(scope)};
}

Ref tipc_object(const Address& address) {
    auto form = TipcAddress::of(address);
    if (form.addr_type == TIPC_ADDR_NAME) form.v3 = form.v2;
    return tuple(number(form.addr_type), number(form.v1), number(form.v2), number(form.v3),
                 number(static_cast<std::uint32_t>(form.scope)));
}

// ---- Bluetooth. --------------------------------------------------------------------------------------------------------

std::string device_of(const char* written) {
    unsigned b[6];
    char more;
    bool good = std::sscanf(written, "%X:%X:%X:%X:%X:%X%c", b, b + 1, b + 2, b + 3, b + 4, b + 5, &more) == 6 &&
                (b[0] | b[1] | b[2] | b[3] | b[4] | b[5]) < 256;
    if (!good) throw OSError("bad bluetooth address");
    char device[18];
    std::snprintf(device, sizeof device, "%02X:%02X:%02X:%02X:%02X:%02X", b[0], b[1], b[2], b[3], b[4], b[5]);
    return device;
}

Address bluetooth_of(int proto, PyObject* object, const char* caller) {
    auto parsed = [&](bool well) {
        if (well) return;
        PyErr_Clear();
        throw OSError(std::string(caller) + "(): wrong format");
    };
    const char* device = nullptr;
    int more = 0;
    bool is_tuple = PyTuple_Check(object) != 0;
    switch (proto) {
        case socket::BTPROTO_L2CAP:
            parsed(is_tuple && PyArg_ParseTuple(object, "si", &device, &more));
            return L2capAddress{device_of(device), static_cast<std::uint16_t>(more)};
        case socket::BTPROTO_RFCOMM:
            parsed(is_tuple && PyArg_ParseTuple(object, "si", &device, &more));
            return RfcommAddress{device_of(device), static_cast<std::uint8_t>(more)};
        case socket::BTPROTO_HCI:
            parsed(is_tuple && PyArg_ParseTuple(object, "i", &more));
            return HciAddress{static_cast<std::uint16_t>(more)};
        case socket::BTPROTO_SCO:
            parsed(PyBytes_Check(object));
            return ScoAddress{device_of(PyBytes_AS_STRING(object))};
        default: throw OSError(std::string(caller) + "(): unknown Bluetooth protocol");
    }
}

Ref bluetooth_object(int proto, const Address& address) {
    switch (proto) {
        case socket::BTPROTO_L2CAP: {
            auto form = L2capAddress::of(address);
            return tuple(text(form.bdaddr), number(form.psm));
        }
        case socket::BTPROTO_RFCOMM: {
            auto form = RfcommAddress::of(address);
            return tuple(text(form.bdaddr), number(form.channel));
        }
        case socket::BTPROTO_HCI: return number(HciAddress::of(address).device_id);
        case socket::BTPROTO_SCO: return text(ScoAddress::of(address).bdaddr);
        default: throw ValueError("Unknown Bluetooth protocol");
    }
}

}  // namespace

// ---- All of them. ------------------------------------------------------------------------------------------------------

Address other_address(int family, int proto, PyObject* object, const char* caller) {
    switch (family) {
        case AF_NETLINK:
            require_tuple(object, with_parentheses(caller).c_str(), "NETLINK");
            return pair_of<NetlinkAddress>(object, "II;AF_NETLINK address must be a pair (pid, groups)");
        case AF_VSOCK:
            require_tuple(object, "getsockaddrarg:", "VSOCK");
            return pair_of<VsockAddress>(object, "II:getsockaddrarg");
        case AF_QIPCRTR:
            require_tuple(object, "getsockaddrarg:", "QIPCRTR");
            return pair_of<QipcrtrAddress>(object, "II:getsockaddrarg");
        case AF_PACKET:
            require_tuple(object, with_parentheses(caller).c_str(), "PACKET");
            return packet_of(object, caller);
        case AF_CAN: return can_of(proto, object, caller);
        case AF_ALG: return alg_of(object, caller);
        case AF_TIPC: return tipc_of(object, caller);
        case AF_BLUETOOTH: return bluetooth_of(proto, object, caller);
        default: throw OSError(std::string(caller) + "(): bad family");
    }
}

Ref other_address_object(int proto, const Address& address) {
    auto pair = [](std::uint32_t first, std::uint32_t second) { return tuple(number(first), number(second)); };
    switch (address.family().value) {
        case AF_NETLINK: {
            auto form = NetlinkAddress::of(address);
            return pair(form.pid, form.groups);
        }
        case AF_VSOCK: {
            auto form = VsockAddress::of(address);
            return pair(form.cid, form.port);
        }
        case AF_QIPCRTR: {
            auto form = QipcrtrAddress::of(address);
            return pair(form.node, form.port);
        }
        case AF_PACKET: return packet_object(address);
        case AF_CAN: return can_object(proto, address);
        case AF_ALG: return alg_object(address);
        case AF_TIPC: return tipc_object(address);
        case AF_BLUETOOTH: return bluetooth_object(proto, address);
        default: return tuple(number(address.family().value), to_bytes(address.sockaddr().slice(sizeof(sa_family_t))));
    }
}

}  // namespace bight::conformance
