// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/python.h"

#include <bight/socket.h>

#include <optional>
#include <variant>

// The parts of bight_socket, which stands in for CPython's _socket. It converts arguments and results; whatever a socket
// does, the library does.
namespace bight::conformance {

/// _socket.socket, and what Python's own class socket.socket derives from.
struct SocketObject {
    PyObject_HEAD std::optional<Socket> socket;  // unset until __init__ has run
    int family, kind, proto;                     // as they were: Python asks for them after close(), too
};

extern PyTypeObject* socket_type;
extern PyObject* gaierror;
extern PyObject* herror;

bool add_socket_type(PyObject* module);
PyMethodDef* module_functions();
Ref make_socket(Socket&& socket);

/// What Python gives for an address: a tuple or a text that depends on the family, and with some on the socket's
/// protocol; None for none.
Ref address_object(int proto, const Address& address);

/// An address as Python writes it: with a host to resolve, or whole. `caller` is for messages.
using Where = std::variant<HostPort, Address>;
Where where_of(int family, int proto, PyObject* object, const char* caller);

/// As where_of(), resolved; for calls that take numeric addresses only.
Address address_of(int family, int proto, PyObject* object, const char* caller);

/// These two for the families beside IP and Unix.
Address other_address(int family, int proto, PyObject* object, const char* caller);
Ref other_address_object(int proto, const Address& address);

/// A host's name: bytes as they are, text by IDNA.
std::string host_of(PyObject* object);

/// None, or seconds.
Ref timeout_object(Timeout timeout);

}  // namespace bight::conformance
