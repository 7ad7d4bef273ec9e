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
    checked(PyArg_ParseTuple(object, family == AF_INET6 ? "Oi|II" : "Oi", &host, &port, &flow, &scope) != 0);
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

Where where_of(int family, PyObject* object, const char* caller) {
    if (family == AF_INET || family == AF_INET6) return inet_where(family, object, caller);
    if (family == AF_UNIX) return unix_address(object);
    throw OSError(std::string(caller) + "(): bad family");
}

Address address_of(int family, PyObject* object, const char* caller) {
    auto where = where_of(family, object, caller);
    if (auto* address = std::get_if<Address>(&where)) return *address;
    auto& host = std::get<HostPort>(where);
    auto found = without_gil([&] { return socket::getaddrinfo(host.host(), host.port(), {family, SOCK_DGRAM}); });
    return found.front().address;
}

Ref address_object(const Address& address) {
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
        default: return tuple(number(address.family().value), to_bytes(address.sockaddr().slice(sizeof(sa_family_t))));
    }
}

// ---- Time-outs. --------------------------------------------------------------------------------------------------------

Ref timeout_object(Timeout timeout) {
    if (!timeout) return none();
    return checked(PyFloat_FromDouble(std::chrono::duration<double>(*timeout).count()));
}

}  // namespace bight::conformance
