// SPDX-License-Identifier: BSL-1.0
#include "conformance/socket_glue.h"

#include <bight/error.h>
#include <bight/netdb.h>

#include <new>

namespace bight::conformance {
namespace {

/// `errnum` and text as arguments of an exception; the number picks OSError's class.
void set_error(PyObject* type, int errnum, const char* what) noexcept {
    PyObject* arguments = Py_BuildValue("(is)", errnum, what);
    if (!arguments) return;
    PyErr_SetObject(type, arguments);
    Py_DECREF(arguments);
}

std::string path_of(PyObject* object) {
    if (!PyUnicode_Check(object)) return View(object).bytes().to_string();
    auto encoded = checked(PyUnicode_EncodeFSDefault(object));
    return View(encoded.get()).bytes().to_string();
}

Address unix_address(PyObject* object) {
    auto path = path_of(object);
    if (path.empty()) return Address::unnamed();
    if (path.front() == '\0') return Address::abstract_name(std::string_view(path).substr(1));
    return Address::unix_path(path);
}

Where inet_where(int family, PyObject* object, const char* caller) {
    PyObject* host = nullptr;
    int port = 0;
    unsigned flow = 0, scope = 0;
    if (!PyTuple_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s(): AF_INET%s address must be tuple, not %.500s", caller,
                     family == AF_INET6 ? "6" : "", Py_TYPE(object)->tp_name);
        throw Raised();
    }
    const char* format = family == AF_INET6
                             ? "Oi|II;AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])"
                             : "Oi;AF_INET address must be a pair (host, port)";
    checked(PyArg_ParseTuple(object, format, &host, &port, &flow, &scope) != 0);
    HostPort where(host_of(host), port);
    if (flow == 0 && scope == 0) return where;
    if (flow > 0xfffff) throw OverflowError("flowinfo must be 0-1048575.");
    auto found = without_gil([&] { return socket::getaddrinfo(where.host(), port, {family, SOCK_DGRAM}); });
    auto text = found.front().address.host();
    return Address::inet6(text.substr(0, text.find('%')), port, flow, scope);
}

}  // namespace

void translate_exception() noexcept {
    try {
        throw;
    } catch (const Raised&) {
    } catch (const TimeoutError&) {
        PyErr_SetString(PyExc_TimeoutError, "timed out");
    } catch (const GaiError& error) {
        set_error(gaierror, error.errnum(), error.what());
    } catch (const HError& error) {
        set_error(herror, error.errnum(), error.what());
    } catch (const OSError& error) {
        if (error.errnum() != 0)
            set_error(PyExc_OSError, error.errnum(), error.what());
        else
            PyErr_SetString(PyExc_OSError, error.what());
    } catch (const ValueError& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const TypeError& error) {
        PyErr_SetString(PyExc_TypeError, error.what());
    } catch (const OverflowError& error) {
        PyErr_SetString(PyExc_OverflowError, error.what());
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
}

// ---- Addresses. --------------------------------------------------------------------------------------------------------

std::string host_of(PyObject* object) {
    if (PyUnicode_Check(object)) {
        auto encoded = checked(
            PyUnicode_AsEncodedString(object, PyUnicode_IS_ASCII(object) ? "ascii" : "idna", nullptr));
        return View(encoded.get()).bytes().to_string();
    }
    if (PyBytes_Check(object) || PyByteArray_Check(object)) return View(object).bytes().to_string();
    PyErr_Format(PyExc_TypeError, "str, bytes or bytearray expected, not %s", Py_TYPE(object)->tp_name);
    throw Raised();
}

Where where_of(int family, int proto, PyObject* object, const char* caller) {
    if (family == AF_INET || family == AF_INET6 || family == AF_RDS) {
        try {
            return inet_where(family == AF_RDS ? AF_INET : family, object, caller);
        } catch (const OverflowError& error) {
            throw OverflowError(std::string(caller) + "(): " + error.what());
        }
    }
    if (family == AF_UNIX) return unix_address(object);
    return other_address(family, proto, object, caller);
}

Address address_of(int family, int proto, PyObject* object, const char* caller) {
    auto where = where_of(family, proto, object, caller);
    if (auto* address = std::get_if<Address>(&where)) return *address;
    auto& host = std::get<HostPort>(where);
    auto found = without_gil([&] { return socket::getaddrinfo(host.host(), host.port(), {family, SOCK_DGRAM}); });
    return found.front().address;
}

Ref address_object(int proto, const Address& address) {
    if (address.sockaddr().empty()) return none();
    auto host = address.host();
    switch (address.family().value) {
        case AF_INET: return tuple(text(host), number(address.port()));
        case AF_INET6:
            return tuple(text(host.substr(0, host.find('%'))), number(address.port()), number(address.flow_info()),
                         number(address.scope_id()));
        case AF_UNIX: {
            auto path = address.path();
            return path.starts_with('\0') ? to_bytes(path) : text(path);
        }
        default: return other_address_object(proto, address);
    }
}

// ---- Time-outs. --------------------------------------------------------------------------------------------------------

Ref timeout_object(Timeout timeout) {
    if (!timeout) return none();
    return checked(PyFloat_FromDouble(std::chrono::duration<double>(*timeout).count()));
}

}  // namespace bight::conformance
