// SPDX-License-Identifier: BSL-1.0
#include "conformance/socket_glue.h"

#include <bight/error.h>
#include <bight/message.h>

#include <climits>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace bight::conformance {

PyTypeObject* socket_type = nullptr;

namespace {

SocketObject& object_of(PyObject* self) noexcept { return *reinterpret_cast<SocketObject*>(self); }

Socket& socket_of(PyObject* self) {
    auto& socket = object_of(self).socket;
    if (!socket) throw ClosedError("socket");
    return *socket;
}

std::size_t size_of(Py_ssize_t size, const char* complaint) {
    if (size < 0) throw ValueError(complaint);
    return static_cast<std::size_t>(size);
}

/// The part of `memory` that is to be filled: all of it for 0, as in Python.
MutableBytes part_of(MutableBytes memory, Py_ssize_t size, const char* call) {
    auto wanted = size_of(size, "negative buffersize");
    if (wanted > memory.size())
        throw ValueError("nbytes is greater than the length of the buffer for " + std::string(call));
    return wanted == 0 ? memory : memory.first(wanted);
}

// ---- Making and ending. ------------------------------------------------------------------------------------------------

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) {
    auto* self = reinterpret_cast<SocketObject*>(type->tp_alloc(type, 0));
    if (!self) return nullptr;
    new (&self->socket) std::optional<Socket>();
    self->family = self->kind = self->proto = -1;
    return reinterpret_cast<PyObject*>(self);
}

/// Python warns where a socket is left to the collector; the library's destructor closes it.
void finalize(PyObject* self) {
    auto& socket = object_of(self).socket;
    if (!socket || socket->fileno() < 0) return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (PyErr_ResourceWarning(self, 1, "unclosed %R", self) != 0 && PyErr_ExceptionMatches(PyExc_Warning))
        PyErr_WriteUnraisable(self);
    PyErr_Restore(type, value, traceback);
}

void destroy(PyObject* self) {
    if (PyObject_CallFinalizerFromDealloc(self) != 0) return;
    PyTypeObject* type = Py_TYPE(self);
    object_of(self).socket.~optional();
    type->tp_free(self);
    Py_DECREF(type);
}

void fill(PyObject* self, Socket&& socket) {
    auto& object = object_of(self);
    object.family = socket.family().value;
    object.kind = socket.kind().value;
    object.proto = socket.proto();
    object.socket.emplace(std::move(socket));
}

template <class T>
std::optional<T> given(int value) {
    return value == -1 ? std::nullopt : std::optional<T>(value);
}

int init(PyObject* self, PyObject* arguments, PyObject* keywords) {
    static const char* names[] = {"family", "type", "proto", "fileno", nullptr};
    int family = -1, kind = -1, proto = -1;
    PyObject* fileno = Py_None;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|iiiO:socket", const_cast<char**>(names), &family, &kind,
                                     &proto, &fileno))
        return -1;
    auto* done = guarded([&] {
        if (fileno == Py_None) {
            fill(self, Socket(given<Family>(family).value_or(Family::inet), given<Kind>(kind).value_or(Kind::stream),
                              given<int>(proto).value_or(0)));
            return none();
        }
        int fd = PyLong_Check(fileno) ? _PyLong_AsInt(fileno) : -2;
        if (fd == -2) PyErr_SetString(PyExc_TypeError, "an integer is required");
        checked(!PyErr_Occurred());
        fill(self, Socket::adopt(fd, given<Family>(family), given<Kind>(kind), given<int>(proto)));
        return none();
    });
    Py_XDECREF(done);
    return done ? 0 : -1;
}

PyObject* close(PyObject* self, PyObject*) {
    return guarded([&] {
        if (auto& socket = object_of(self).socket) without_gil([&] { socket->close(); });
        return none();
    });
}

PyObject* detach(PyObject* self, PyObject*) {
    return guarded(
        [&] { return number(object_of(self).socket->fileno() < 0 ? -1 : object_of(self).socket->detach()); });
}

PyObject* shutdown(PyObject* self, PyObject* argument) {
    return guarded([&] {
        int how = _PyLong_AsInt(argument);
        checked(how != -1 || !PyErr_Occurred());
        without_gil([&] { socket_of(self).shutdown(how); });
        return none();
    });
}

// ---- Connections. ------------------------------------------------------------------------------------------------------

PyObject* accept(PyObject* self, PyObject*) {
    return guarded([&] {
        auto accepted = without_gil([&] { return socket_of(self).accept(); });
        auto peer = address_object(object_of(self).proto, accepted.peer);
        return tuple(number(accepted.socket.detach()), std::move(peer));
    });
}

PyObject* bind(PyObject* self, PyObject* argument) {
    return guarded([&] {
        auto where = where_of(object_of(self).family, object_of(self).proto, argument, "bind");
        without_gil([&] { std::visit([&](auto& place) { socket_of(self).bind(place); }, where); });
        return none();
    });
}

PyObject* listen(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        int backlog = INT_MIN;
        checked(PyArg_ParseTuple(arguments, "|i:listen", &backlog) != 0);
        without_gil([&] { socket_of(self).listen(backlog == INT_MIN ? std::nullopt : std::optional(backlog)); });
        return none();
    });
}

PyObject* connect(PyObject* self, PyObject* argument) {
    return guarded([&] {
        auto where = where_of(object_of(self).family, object_of(self).proto, argument, "connect");
        without_gil([&] { std::visit([&](auto& place) { socket_of(self).connect(place); }, where); });
        return none();
    });
}

PyObject* connect_ex(PyObject* self, PyObject* argument) {
    return guarded([&] {
        auto where = where_of(object_of(self).family, object_of(self).proto, argument, "connect_ex");
        return number(without_gil(
            [&] { return std::visit([&](auto& place) { return socket_of(self).connect_ex(place); }, where); }));
    });
}

// ---- Receiving. --------------------------------------------------------------------------------------------------------

PyObject* recv(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        Py_ssize_t size = 0;
        int flags = 0;
        checked(PyArg_ParseTuple(arguments, "n|i:recv", &size, &flags) != 0);
        auto room = size_of(size, "negative buffersize in recv");
        return to_bytes(without_gil([&] { return socket_of(self).recv(room, flags); }).bytes());
    });
}

PyObject* recvfrom(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        Py_ssize_t size = 0;
        int flags = 0;
        checked(PyArg_ParseTuple(arguments, "n|i:recvfrom", &size, &flags) != 0);
        auto room = size_of(size, "negative buffersize in recvfrom");
        auto datagram = without_gil([&] { return socket_of(self).recvfrom(room, flags); });
        return tuple(to_bytes(datagram.data.bytes()), address_object(object_of(self).proto, datagram.peer));
    });
}

PyObject* recv_into(PyObject* self, PyObject* arguments, PyObject* keywords) {
    return guarded([&] {
        static const char* names[] = {"buffer", "nbytes", "flags", nullptr};
        PyObject* buffer = nullptr;
        Py_ssize_t size = 0;
        int flags = 0;
        checked(PyArg_ParseTupleAndKeywords(arguments, keywords, "O|ni:recv_into", const_cast<char**>(names), &buffer,
                                            &size, &flags) != 0);
        auto view = View::writable(buffer);
        auto room = part_of(view.room(), size, "recv_into");
        auto filled = without_gil([&] { return socket_of(self).recv_into(room, flags); });
        return number(static_cast<long long>(filled.size()));
    });
}

PyObject* recvfrom_into(PyObject* self, PyObject* arguments, PyObject* keywords) {
    return guarded([&] {
        static const char* names[] = {"buffer", "nbytes", "flags", nullptr};
        PyObject* buffer = nullptr;
        Py_ssize_t size = 0;
        int flags = 0;
        checked(PyArg_ParseTupleAndKeywords(arguments, keywords, "O|ni:recvfrom_into", const_cast<char**>(names),
                                            &buffer, &size, &flags) != 0);
        auto view = View::writable(buffer);
        auto room = part_of(view.room(), size, "recvfrom_into");
        auto filled = without_gil([&] { return socket_of(self).recvfrom_into(room, flags); });
        return tuple(number(static_cast<long long>(filled.data.size())),
                     address_object(object_of(self).proto, filled.peer));
    });
}

Ref items_object(const Ancillary& ancillary) {
    return list(ancillary, [](const AncillaryItem& item) {
        return tuple(number(item.level), number(item.type), to_bytes(item.data));
    });
}

PyObject* recvmsg(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        Py_ssize_t size = 0, ancillary_size = 0;
        int flags = 0;
        checked(PyArg_ParseTuple(arguments, "n|ni:recvmsg", &size, &ancillary_size, &flags) != 0);
        auto room = size_of(size, "negative buffer size in recvmsg()");
        auto more = size_of(ancillary_size, "invalid ancillary data buffer length");
        auto message = without_gil([&] { return socket_of(self).recvmsg(room, more, flags); });
        auto made = tuple(to_bytes(message.data.bytes()), items_object(message.ancillary), number(message.flags),
                          address_object(object_of(self).proto, message.address));
        message.ancillary.disown_fds();  // their numbers are in the items now
        return made;
    });
}

PyObject* recvmsg_into(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject* buffers = nullptr;
        Py_ssize_t ancillary_size = 0;
        int flags = 0;
        checked(PyArg_ParseTuple(arguments, "O|ni:recvmsg_into", &buffers, &ancillary_size, &flags) != 0);
        auto more = size_of(ancillary_size, "invalid ancillary data buffer length");
        std::vector<View> views;
        std::vector<MutableBytes> rooms;
        for (auto& item : items_of(buffers, "recvmsg_into() argument 1 must be an iterable"))
            rooms.push_back(views.emplace_back(View::writable(item.get())).room());
        auto message = without_gil([&] { return socket_of(self).recvmsg_into(rooms, more, flags); });
        auto made = tuple(number(static_cast<long long>(message.size)), items_object(message.ancillary),
                          number(message.flags), address_object(object_of(self).proto, message.address));
        message.ancillary.disown_fds();
        return made;
    });
}

// ---- Sending. ----------------------------------------------------------------------------------------------------------

PyObject* send(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject* data = nullptr;
        int flags = 0;
        checked(PyArg_ParseTuple(arguments, "O|i:send", &data, &flags) != 0);
        View view(data);
        return number(static_cast<long long>(without_gil([&] { return socket_of(self).send(view.bytes(), flags); })));
    });
}

PyObject* sendall(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject* data = nullptr;
        int flags = 0;
        checked(PyArg_ParseTuple(arguments, "O|i:sendall", &data, &flags) != 0);
        View view(data);
        without_gil([&] { socket_of(self).sendall(view.bytes(), flags); });
        return none();
    });
}

PyObject* sendto(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject *data = nullptr, *address = nullptr;
        int flags = 0;
        bool with_flags = PyTuple_GET_SIZE(arguments) == 3;
        checked((with_flags ? PyArg_ParseTuple(arguments, "OiO:sendto", &data, &flags, &address)
                            : PyArg_ParseTuple(arguments, "OO:sendto", &data, &address)) != 0);
        View view(data);
        auto where = where_of(object_of(self).family, object_of(self).proto, address, "sendto");
        return number(static_cast<long long>(without_gil([&] {
            return std::visit([&](auto& place) { return socket_of(self).sendto(view.bytes(), place, flags); }, where);
        })));
    });
}

void add_item(AncillaryBuilder& builder, PyObject* item) {
    int level = 0, type = 0;
    PyObject* data = nullptr;
    checked(PyArg_Parse(item, "(iiO):[sendmsg() ancillary data items]", &level, &type, &data) != 0);
    builder.add(level, type, View(data).bytes());
}

PyObject* sendmsg(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        PyObject *buffers = nullptr, *ancillary = nullptr, *address = Py_None;
        int flags = 0;
        checked(PyArg_ParseTuple(arguments, "O|OiO:sendmsg", &buffers, &ancillary, &flags, &address) != 0);
        std::vector<View> views;
        std::vector<Bytes> data;
        for (auto& item : items_of(buffers, "sendmsg() argument 1 must be an iterable"))
            data.push_back(views.emplace_back(item.get()).bytes());
        AncillaryBuilder builder;
        if (ancillary)
            for (auto& item : items_of(ancillary, "sendmsg() argument 2 must be an iterable"))
                add_item(builder, item.get());
        Address peer;
        if (address != Py_None) peer = address_of(object_of(self).family, object_of(self).proto, address, "sendmsg");
        return number(
            static_cast<long long>(without_gil([&] { return socket_of(self).sendmsg(data, builder, flags, peer); })));
    });
}

PyObject* sendmsg_afalg(PyObject* self, PyObject* arguments, PyObject* keywords) {
    return guarded([&] {
        static const char* names[] = {"msg", "op", "iv", "assoclen", "flags", nullptr};
        PyObject *buffers = nullptr, *op = nullptr, *assoclen = nullptr;
        Py_buffer iv{};
        AfalgOptions options;
        if (object_of(self).family != AF_ALG) throw OSError("algset is only supported for AF_ALG");
        checked(PyArg_ParseTupleAndKeywords(arguments, keywords, "|O$O!y*O!i:sendmsg_afalg", const_cast<char**>(names),
                                            &buffers, &PyLong_Type, &op, &iv, &PyLong_Type, &assoclen,
                                            &options.flags) != 0);
        std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> owned(&iv, PyBuffer_Release);
        if (op) options.op = _PyLong_AsInt(op);
        PyErr_Clear();  // a number too large is as good as none
        if (assoclen && options.op >= 0) options.assoclen = _PyLong_AsInt(assoclen);
        checked(!PyErr_Occurred());
        if (options.op < 0 || options.assoclen.value_or(0) < 0) buffers = nullptr;  // refused before they are looked at
        if (iv.buf) options.iv = Bytes(static_cast<const std::byte*>(iv.buf), static_cast<std::size_t>(iv.len));
        std::vector<View> views;
        std::vector<Bytes> data;
        if (buffers)
            for (auto& item : items_of(buffers, "sendmsg() argument 1 must be an iterable"))
                data.push_back(views.emplace_back(item.get()).bytes());
        return number(
            static_cast<long long>(without_gil([&] { return socket_of(self).sendmsg_afalg(data, options); })));
    });
}

// ---- Modes and options. ------------------------------------------------------------------------------------------------

PyObject* settimeout(PyObject* self, PyObject* argument) {
    return guarded([&] {
        socket_of(self).settimeout(timeout_of(argument));
        return none();
    });
}

PyObject* gettimeout(PyObject* self, PyObject*) {
    return guarded([&] { return timeout_object(socket_of(self).gettimeout()); });
}

PyObject* setblocking(PyObject* self, PyObject* argument) {
    return guarded([&] {
        long blocking = PyLong_AsLong(argument);
        checked(blocking != -1 || !PyErr_Occurred());
        socket_of(self).setblocking(blocking != 0);
        return none();
    });
}

PyObject* getblocking(PyObject* self, PyObject*) {
    return guarded([&] { return checked(PyBool_FromLong(socket_of(self).getblocking())); });
}

PyObject* setsockopt(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        int level = 0, option = 0;
        unsigned length = 0;
        PyObject* value = nullptr;
        checked(PyArg_ParseTuple(arguments, "iiO|I:setsockopt", &level, &option, &value, &length) != 0);
        if (object_of(self).family == AF_VSOCK) {  // whose options have 64 bits
            std::uint64_t chosen = PyLong_AsUnsignedLongLongMask(value);
            checked(!PyErr_Occurred());
            socket_of(self).setsockopt(level, option, std::as_bytes(std::span(&chosen, 1)));
        } else if (PyLong_Check(value)) {
            int chosen = _PyLong_AsInt(value);
            checked(chosen != -1 || !PyErr_Occurred());
            socket_of(self).setsockopt(level, option, chosen);
        } else if (value == Py_None) {
            socket_of(self).setsockopt(level, option, nullptr, length);
        } else {
            socket_of(self).setsockopt(level, option, View(value).bytes());
        }
        return none();
    });
}

PyObject* getsockopt(PyObject* self, PyObject* arguments) {
    return guarded([&] {
        int level = 0, option = 0, size = 0;
        checked(PyArg_ParseTuple(arguments, "ii|i:getsockopt", &level, &option, &size) != 0);
        if (size == 0 && object_of(self).family == AF_VSOCK) {
            auto value = socket_of(self).getsockopt(level, option, sizeof(std::uint64_t));
            return checked(PyLong_FromUnsignedLongLong(*reinterpret_cast<const std::uint64_t*>(value.data())));
        }
        if (size == 0) return number(socket_of(self).getsockopt(level, option));
        return to_bytes(
            socket_of(self).getsockopt(level, option, size_of(size, "getsockopt buflen out of range")).bytes());
    });
}

// ---- Queries. ----------------------------------------------------------------------------------------------------------

PyObject* fileno(PyObject* self, PyObject*) {
    return guarded([&] { return number(object_of(self).socket ? object_of(self).socket->fileno() : -1); });
}
PyObject* getsockname(PyObject* self, PyObject*) {
    return guarded([&] { return address_object(object_of(self).proto, socket_of(self).getsockname()); });
}
PyObject* getpeername(PyObject* self, PyObject*) {
    return guarded([&] { return address_object(object_of(self).proto, socket_of(self).getpeername()); });
}
PyObject* get_family(PyObject* self, void*) { return PyLong_FromLong(object_of(self).family); }
PyObject* get_kind(PyObject* self, void*) { return PyLong_FromLong(object_of(self).kind); }
PyObject* get_proto(PyObject* self, void*) { return PyLong_FromLong(object_of(self).proto); }
PyObject* get_timeout(PyObject* self, void*) { return gettimeout(self, nullptr); }

PyObject* repr(PyObject* self) {
    auto& object = object_of(self);
    return PyUnicode_FromFormat("<socket object, fd=%d, family=%d, type=%d, proto=%d>",
                                object.socket ? object.socket->fileno() : -1, object.family, object.kind, object.proto);
}

PyMethodDef methods[] = {
    method("_accept", accept, METH_NOARGS),
    method("bind", bind, METH_O),
    method("close", close, METH_NOARGS),
    method("connect", connect, METH_O),
    method("connect_ex", connect_ex, METH_O),
    method("detach", detach, METH_NOARGS),
    method("fileno", fileno, METH_NOARGS),
    method("getblocking", getblocking, METH_NOARGS),
    method("getpeername", getpeername, METH_NOARGS),
    method("getsockname", getsockname, METH_NOARGS),
    method("getsockopt", getsockopt),
    method("gettimeout", gettimeout, METH_NOARGS),
    method("listen", listen),
    method("recv", recv),
    method("recv_into", recv_into, METH_VARARGS | METH_KEYWORDS),
    method("recvfrom", recvfrom),
    method("recvfrom_into", recvfrom_into, METH_VARARGS | METH_KEYWORDS),
    method("recvmsg", recvmsg),
    method("recvmsg_into", recvmsg_into),
    method("send", send),
    method("sendall", sendall),
    method("sendmsg", sendmsg),
    method("sendmsg_afalg", sendmsg_afalg, METH_VARARGS | METH_KEYWORDS),
    method("sendto", sendto),
    method("setblocking", setblocking, METH_O),
    method("setsockopt", setsockopt),
    method("settimeout", settimeout, METH_O),
    method("shutdown", shutdown, METH_O),
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"family", get_family, nullptr, nullptr, nullptr}, {"type", get_kind, nullptr, nullptr, nullptr},
    {"proto", get_proto, nullptr, nullptr, nullptr},   {"timeout", get_timeout, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

template <class Function>
void* slot(Function* function) {
    return reinterpret_cast<void*>(function);
}

}  // namespace

bool add_socket_type(PyObject* module) {
    PyType_Slot slots[] = {
        {Py_tp_new, slot(create)},      {Py_tp_init, slot(init)},
        {Py_tp_dealloc, slot(destroy)}, {Py_tp_finalize, slot(finalize)},
        {Py_tp_repr, slot(repr)},       {Py_tp_methods, methods},
        {Py_tp_getset, properties},     {0, nullptr},
    };
    PyType_Spec spec{"_socket.socket", sizeof(SocketObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyObject* type = PyType_FromSpec(&spec);
    socket_type = reinterpret_cast<PyTypeObject*>(type);
    return type && PyModule_AddObjectRef(module, "socket", type) == 0 &&
           PyModule_AddObjectRef(module, "SocketType", type) == 0;
}

Ref make_socket(Socket&& socket) {
    auto self = checked(create(socket_type, nullptr, nullptr));
    fill(self.get(), std::move(socket));
    return self;
}

}  // namespace bight::conformance
