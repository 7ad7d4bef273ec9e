// SPDX-License-Identifier: BSL-1.0
#include "conformance/socket_glue.h"

#include <bight/ancillary.h>
#include <bight/constants.h>
#include <bight/error.h>

#include <climits>
#include <cstdint>

namespace bight::conformance {

PyObject* gaierror = nullptr;
PyObject* herror = nullptr;

namespace {

using namespace bight::socket;

// ---- Hosts. ------------------------------------------------------------------------------------------------------------

PyObject* py_gethostname(PyObject*, PyObject*) {
    return guarded([] { return text(gethostname()); });
}

PyObject* py_sethostname(PyObject*, PyObject* argument) {
    return guarded([&] {
        auto encoded = checked(PyUnicode_Check(argument) ? PyUnicode_EncodeFSDefault(argument) : Py_NewRef(argument));
        sethostname(View(encoded.get()).bytes().view());
        return none();
    });
}

PyObject* py_gethostbyname(PyObject*, PyObject* argument) {
    return guarded([&] {
        auto host = host_of(argument);
        return text(without_gil([&] { return gethostbyname(host); }));
    });
}

Ref entry_object(const HostEntry& entry) {
    return tuple(text(entry.name), list(entry.aliases, text), list(entry.addresses, text));
}

PyObject* py_gethostbyname_ex(PyObject*, PyObject* argument) {
    return guarded([&] {
        auto host = host_of(argument);
        return entry_object(without_gil([&] { return gethostbyname_ex(host); }));
    });
}

PyObject* py_gethostbyaddr(PyObject*, PyObject* argument) {
    return guarded([&] {
        auto host = host_of(argument);
        return entry_object(without_gil([&] { return gethostbyaddr(host); }));
    });
}

// ---- Services and protocols. -------------------------------------------------------------------------------------------

std::optional<std::string_view> if_given(const char* text) {
    return text ? std::optional<std::string_view>(text) : std::nullopt;
}

PyObject* py_getservbyname(PyObject*, PyObject* arguments) {
    return guarded([&] {
        const char *name = nullptr, *protocol = nullptr;
        checked(PyArg_ParseTuple(arguments, "s|s:getservbyname", &name, &protocol) != 0);
        return number(without_gil([&] { return getservbyname(name, if_given(protocol)); }));
    });
}

PyObject* py_getservbyport(PyObject*, PyObject* arguments) {
    return guarded([&] {
        int port = 0;
        const char* protocol = nullptr;
        checked(PyArg_ParseTuple(arguments, "i|s:getservbyport", &port, &protocol) != 0);
        return text(without_gil([&] { return getservbyport(port, if_given(protocol)); }));
    });
}

PyObject* py_getprotobyname(PyObject*, PyObject* arguments) {
    return guarded([&] {
        const char* name = nullptr;
        checked(PyArg_ParseTuple(arguments, "s:getprotobyname", &name) != 0);
        return number(without_gil([&] { return getprotobyname(name); }));
    });
}

// ---- Address info and name info. ---------------------------------------------------------------------------------------

Service service_of(PyObject* object) {
    if (object == Py_None) return {};
    if (PyBytes_Check(object)) return View(object).bytes().to_string();
    if (!PyLong_Check(object) && !PyUnicode_Check(object)) throw OSError("Int or String expected");
    auto digits_or_name = checked(PyObject_Str(object));
    return View(checked(PyUnicode_AsUTF8String(digits_or_name.get())).get()).bytes().to_string();
}

PyObject* py_getaddrinfo(PyObject*, PyObject* arguments, PyObject* keywords) {
    return guarded([&] {
        static const char* names[] = {"host", "port", "family", "type", "proto", "flags", nullptr};
        PyObject *host = nullptr, *port = nullptr;
        int family = 0, kind = 0, proto = 0, flags = 0;
        checked(PyArg_ParseTupleAndKeywords(arguments, keywords, "OO|iiii:getaddrinfo", const_cast<char**>(names),
                                            &host, &port, &family, &kind, &proto, &flags) != 0);
        auto name = host == Py_None ? std::nullopt : std::optional(host_of(host));
        auto service = service_of(port);
        auto found = without_gil([&] {
            return getaddrinfo(name ? std::optional<std::string_view>(*name) : std::nullopt, service,
                               {family, kind, proto, flags});
        });
        return list(found, [](const AddrInfo& info) {
            return tuple(number(info.family.value), number(info.kind.value), number(info.proto), text(info.canonname),
                         address_object(info.proto, info.address));
        });
    });
}

PyObject* py_getnameinfo(PyObject*, PyObject* arguments) {
    return guarded([&] {
        PyObject *where = nullptr, *host = nullptr;
        int flags = 0, port = 0;
        unsigned flow = 0, scope = 0;
        checked(PyArg_ParseTuple(arguments, "Oi:getnameinfo", &where, &flags) != 0);
        if (!PyTuple_Check(where)) {
            PyErr_SetString(PyExc_TypeError, "getnameinfo() argument 1 must be a tuple");
            throw Raised();
        }
        checked(PyArg_ParseTuple(where, "Oi|II;getnameinfo(): illegal sockaddr argument", &host, &port, &flow,
                                 &scope) != 0);
        if (flow > 0xfffff) throw OverflowError("getnameinfo(): flowinfo must be 0-1048575.");
        auto found = without_gil([name = host_of(host), port, flow, scope, flags] {
            auto numeric = getaddrinfo(name, std::to_string(port), {0, SOCK_DGRAM, 0, AI_NUMERICHOST}).front().address;
            auto digits = numeric.host();
            if (numeric.family() == Family::inet6)
                numeric = Address::inet6(digits.substr(0, digits.find('%')), numeric.port(), flow, scope);
            return getnameinfo(numeric, flags);
        });
        return tuple(text(found.host), text(found.service));
    });
}

// ---- Text and bytes of addresses. --------------------------------------------------------------------------------------

PyObject* py_inet_aton(PyObject*, PyObject* arguments) {
    return guarded([&] {
        const char* digits = nullptr;
        checked(PyArg_ParseTuple(arguments, "s:inet_aton", &digits) != 0);
        return to_bytes(inet_aton(digits).bytes());
    });
}

PyObject* py_inet_ntoa(PyObject*, PyObject* argument) {
    return guarded([&] { return text(inet_ntoa(View(argument).bytes())); });
}

PyObject* py_inet_pton(PyObject*, PyObject* arguments) {
    return guarded([&] {
        int family = 0;
        const char* digits = nullptr;
        checked(PyArg_ParseTuple(arguments, "is:inet_pton", &family, &digits) != 0);
        return to_bytes(inet_pton(family, digits).bytes());
    });
}

PyObject* py_inet_ntop(PyObject*, PyObject* arguments) {
    return guarded([&] {
        int family = 0;
        PyObject* packed = nullptr;
        checked(PyArg_ParseTuple(arguments, "iO:inet_ntop", &family, &packed) != 0);
        return text(inet_ntop(family, View(packed).bytes()));
    });
}

// The four are macros of the platform's; their ranges are Python's own concern, for a C++ type holds them.
template <class Number, Number (*swap)(Number)>
PyObject* py_swap(PyObject*, PyObject* argument) {
    long long value = PyLong_AsLongLong(argument);
    if (value == -1 && PyErr_Occurred()) return nullptr;
    if (value < 0 || value > static_cast<long long>(static_cast<Number>(-1)))
        return PyErr_Format(PyExc_OverflowError, "number out of range: %lld", value);
    return PyLong_FromUnsignedLong(swap(static_cast<Number>(value)));
}
std::uint16_t swap16(std::uint16_t value) { return htons(value); }
std::uint32_t swap32(std::uint32_t value) { return htonl(value); }

// ---- Interfaces, descriptors, the rest. --------------------------------------------------------------------------------

PyObject* py_if_nameindex(PyObject*, PyObject*) {
    return guarded([] {
        return list(if_nameindex(), [](const Interface& one) { return tuple(number(one.index), text(one.name)); });
    });
}

PyObject* py_if_nametoindex(PyObject*, PyObject* argument) {
    return guarded([&] {
        PyObject* name = nullptr;
        checked(PyUnicode_FSConverter(argument, &name) != 0);
        Ref owner(name);
        return number(if_nametoindex(View(name).bytes().view()));
    });
}

int int_of(PyObject* argument) {
    int value = _PyLong_AsInt(argument);
    checked(value != -1 || !PyErr_Occurred());
    return value;
}

PyObject* py_if_indextoname(PyObject*, PyObject* argument) {
    return guarded([&] { return text(if_indextoname(int_of(argument))); });
}

PyObject* py_close(PyObject*, PyObject* argument) {
    return guarded([&] {
        int fd = int_of(argument);
        without_gil([&] { socket::close(fd); });
        return none();
    });
}

PyObject* py_dup(PyObject*, PyObject* argument) {
    return guarded([&] { return number(socket::dup(int_of(argument))); });
}

PyObject* py_socketpair(PyObject*, PyObject* arguments) {
    return guarded([&] {
        int family = AF_UNIX, kind = SOCK_STREAM, proto = 0;
        checked(PyArg_ParseTuple(arguments, "|iii:socketpair", &family, &kind, &proto) != 0);
        auto pair = socket::socketpair(family, kind, proto);
        return tuple(make_socket(std::move(pair.first)), make_socket(std::move(pair.second)));
    });
}

PyObject* py_getdefaulttimeout(PyObject*, PyObject*) {
    return guarded([] { return timeout_object(getdefaulttimeout()); });
}

PyObject* py_setdefaulttimeout(PyObject*, PyObject* argument) {
    return guarded([&] {
        setdefaulttimeout(timeout_of(argument));
        return none();
    });
}

template <std::size_t (*measure)(std::ptrdiff_t)>
PyObject* py_cmsg(PyObject*, PyObject* argument) {
    return guarded([&] {
        auto length = PyNumber_AsSsize_t(argument, PyExc_OverflowError);
        checked(length != -1 || !PyErr_Occurred());
        return checked(PyLong_FromSize_t(measure(length)));
    });
}

PyMethodDef functions[] = {
    method("CMSG_LEN", py_cmsg<cmsg_len>, METH_O),
    method("CMSG_SPACE", py_cmsg<cmsg_space>, METH_O),
    method("close", py_close, METH_O),
    method("dup", py_dup, METH_O),
    method("getaddrinfo", py_getaddrinfo, METH_VARARGS | METH_KEYWORDS),
    method("getdefaulttimeout", py_getdefaulttimeout, METH_NOARGS),
    method("gethostbyaddr", py_gethostbyaddr, METH_O),
    method("gethostbyname", py_gethostbyname, METH_O),
    method("gethostbyname_ex", py_gethostbyname_ex, METH_O),
    method("gethostname", py_gethostname, METH_NOARGS),
    method("getnameinfo", py_getnameinfo),
    method("getprotobyname", py_getprotobyname),
    method("getservbyname", py_getservbyname),
    method("getservbyport", py_getservbyport),
    method("htonl", py_swap<std::uint32_t, swap32>, METH_O),
    method("htons", py_swap<std::uint16_t, swap16>, METH_O),
    method("if_indextoname", py_if_indextoname, METH_O),
    method("if_nameindex", py_if_nameindex, METH_NOARGS),
    method("if_nametoindex", py_if_nametoindex, METH_O),
    method("inet_aton", py_inet_aton),
    method("inet_ntoa", py_inet_ntoa, METH_O),
    method("inet_ntop", py_inet_ntop),
    method("inet_pton", py_inet_pton),
    method("ntohl", py_swap<std::uint32_t, swap32>, METH_O),
    method("ntohs", py_swap<std::uint16_t, swap16>, METH_O),
    method("setdefaulttimeout", py_setdefaulttimeout, METH_O),
    method("sethostname", py_sethostname, METH_O),
    method("socketpair", py_socketpair),
    {nullptr, nullptr, 0, nullptr},
};

// ---- The module. -------------------------------------------------------------------------------------------------------

struct Constant {
    const char* name;
    long long value;
};

const Constant constants[] = {
#define CONSTANT(name, value) {#name, static_cast<long long>(name)},
#include "blocking/constants.inc"
#undef CONSTANT
};

bool add_constants(PyObject* module) {
    for (auto& [name, value] : constants) {
        Ref object(PyLong_FromLongLong(value));
        if (!object.get() || PyModule_AddObjectRef(module, name, object.get()) != 0) return false;
    }
    return PyModule_AddStringConstant(module, "BDADDR_ANY", BDADDR_ANY) == 0 &&
           PyModule_AddStringConstant(module, "BDADDR_LOCAL", BDADDR_LOCAL) == 0 &&
           PyModule_AddObjectRef(module, "has_ipv6", has_ipv6 ? Py_True : Py_False) == 0;
}

/// Both derive from OSError, as the library's own do.
bool add_errors(PyObject* module) {
    gaierror = PyErr_NewException("socket.gaierror", PyExc_OSError, nullptr);
    herror = PyErr_NewException("socket.herror", PyExc_OSError, nullptr);
    return gaierror && herror && PyModule_AddObjectRef(module, "error", PyExc_OSError) == 0 &&
           PyModule_AddObjectRef(module, "timeout", PyExc_TimeoutError) == 0 &&
           PyModule_AddObjectRef(module, "gaierror", gaierror) == 0 &&
           PyModule_AddObjectRef(module, "herror", herror) == 0;
}

PyModuleDef definition{};

}  // namespace
}  // namespace bight::conformance

PyMODINIT_FUNC PyInit_bight_socket() {
    using namespace bight::conformance;
    definition.m_base = PyModuleDef_HEAD_INIT;
    definition.m_name = "_socket";
    definition.m_size = -1;
    definition.m_methods = functions;
    PyObject* module = PyModule_Create(&definition);
    if (module && add_errors(module) && add_socket_type(module) && add_constants(module)) return module;
    Py_XDECREF(module);
    return nullptr;
}
