// SPDX-License-Identifier: BSL-1.0
/// The module `selectors` of CPython, made of bight's: arguments and results are converted here, all else is the
/// library's. The library's data is Python's key.
#include "conformance/waiting.h"

#include <bight/selectors.h>

#include <pybind11/eval.h>

namespace bight::conformance {
namespace {

using selectors::Method;

/// What a program derives from or looks into: abstract classes of Python's own.
constexpr auto classes = R"(
from abc import ABCMeta, abstractmethod
from collections import namedtuple
from collections.abc import Mapping

SelectorKey = namedtuple("SelectorKey", ["fileobj", "fd", "events", "data"])

class BaseSelector(metaclass=ABCMeta):
    @abstractmethod
    def register(self, fileobj, events, data=None): ...
    @abstractmethod
    def unregister(self, fileobj): ...
    @abstractmethod
    def select(self, timeout=None): ...
    @abstractmethod
    def get_map(self): ...
    def modify(self, fileobj, events, data=None):
        self.unregister(fileobj)
        return self.register(fileobj, events, data)
    def get_key(self, fileobj):
        return self.get_map()[fileobj]
    def close(self): ...
    def __enter__(self):
        return self
    def __exit__(self, *args):
        self.close()

class Map(Mapping):
    def __init__(self, selector):
        self.selector = selector
    def __len__(self):
        return self.selector._size()
    def __getitem__(self, fileobj):
        return self.selector._find(fileobj)
    def __iter__(self):
        return iter(self.selector._descriptors())
)";

py::object& key_class() {
    static auto* cls = new py::object();  // for good: the interpreter may end first
    return *cls;
}

/// A reference that can be dropped without the GIL: a removed key lives to the next select(), which has none.
using Held = std::shared_ptr<PyObject>;

Held hold(const py::object& object) {
    return {object.inc_ref().ptr(), [](PyObject* held) {
                py::gil_scoped_acquire gil;
                Py_DECREF(held);
            }};
}

py::object object_of(const Held& held) { return py::reinterpret_borrow<py::object>(held.get()); }

/// An object whose descriptor is gone is known by where it stands.
FileLike file_of(const py::handle& object) {
    if (PyLong_Check(object.ptr())) return py::cast<int>(object);
    int fd = -1;
    try {
        fd = py::cast<int>(py::int_(object.attr("fileno")()));
    } catch (py::error_already_set& error) {
        bool has_none = error.matches(PyExc_AttributeError) || error.matches(PyExc_TypeError) ||
                        error.matches(PyExc_ValueError);
        if (!has_none) throw;
    }
    return {fd, object.ptr()};
}

Ready ready_of(const py::int_& events) { return static_cast<Ready>(PyLong_AsUnsignedLongMask(events.ptr())); }

py::int_ number_of(Ready ready) { return py::int_(static_cast<unsigned>(ready)); }

template <Method how>
struct PySelector : Selector<Held> {
    PySelector() : Selector<Held>(how) {}

    py::object add_object(const py::object& object, const py::int_& events, const py::object& data) {
        auto file = file_of(object);
        auto key = key_class()(object, file.fileno(), events, data);
        add(file, ready_of(events), hold(key));
        return key;
    }

    py::object modify_object(const py::object& object, const py::int_& events, const py::object& data) {
        auto file = file_of(object);
        auto before = get_key(file);
        auto key = key_class()(object_of(before->data).attr("fileobj"), before->fd(), events, data);
        modify(file, ready_of(events), hold(key));
        return key;
    }

    /// Without the complaint that it is closed, which a map does not make.
    py::object find_object(const py::object& object) const {
        auto file = file_of(object);
        if (!contains(file)) throw KeyError("not registered");
        return object_of(get_key(file)->data);
    }

    py::list select_objects(const py::object& timeout) {
        auto limit = timeout_of(timeout.ptr());
        auto events = without_gil([&] { return select(limit); });
        py::list ready;
        for (auto& event : events) ready.append(py::make_tuple(object_of(event.key->data), number_of(event.ready)));
        return ready;
    }

    py::list descriptors() const {
        py::list numbers;
        for (auto& key : get_map()) numbers.append(key->fd());
        return numbers;
    }
};

template <Method how>
py::class_<PySelector<how>> define(py::module_& module, const char* name, const py::object& map) {
    using Self = PySelector<how>;
    return py::class_<Self>(module, name, py::dynamic_attr())
        .def(py::init())
        .def("register", &Self::add_object, py::arg("fileobj"), py::arg("events"), py::arg("data") = py::none())
        .def("modify", &Self::modify_object, py::arg("fileobj"), py::arg("events"), py::arg("data") = py::none())
        .def(
            "unregister",
            [](Self& self, const py::object& object) { return object_of(self.remove(file_of(object))->data); },
            py::arg("fileobj"))
        .def(
            "get_key",
            [](Self& self, const py::object& object) { return object_of(self.get_key(file_of(object))->data); },
            py::arg("fileobj"))
        .def("get_map", [map](const py::object& self) { return map(self); })
        .def("select", &Self::select_objects, py::arg("timeout") = py::none())
        .def("close", [](Self& self) { self.close(); })
        .def("__enter__", [](const py::object& self) { return self; })
        .def("__exit__", [](Self& self, const py::args&) { self.close(); })
        .def("_size", [](const Self& self) { return self.size(); })
        .def("_find", &Self::find_object)
        .def("_descriptors", &Self::descriptors);
}

}  // namespace

PYBIND11_MODULE(bight_selectors, module) {
    py::register_local_exception_translator(translate<&PyExc_RuntimeError>);
    py::dict made;
    made["__builtins__"] = py::module_::import("builtins");
    made["__name__"] = "selectors";
    py::exec(classes, made);
    key_class() = made["SelectorKey"];
    module.attr("SelectorKey") = made["SelectorKey"];
    module.attr("BaseSelector") = made["BaseSelector"];
    module.attr("EVENT_READ") = number_of(Ready::read);
    module.attr("EVENT_WRITE") = number_of(Ready::write);
    define<Method::epoll>(module, "EpollSelector", made["Map"])
        .def("fileno", [](const PySelector<Method::epoll>& self) { return self.fileno(); });
    define<Method::poll>(module, "PollSelector", made["Map"]);
    define<Method::select>(module, "SelectSelector", made["Map"]);
    module.attr("DefaultSelector") = module.attr("EpollSelector");
}

}  // namespace bight::conformance
