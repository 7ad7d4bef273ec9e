// SPDX-License-Identifier: BSL-1.0
/// The module `select` of CPython, made of bight's: arguments and results are converted here, all else is the
/// library's. CPython's own tests of the module, and of what stands on it, run on it.
#include "conformance/waiting.h"

#include <bight/constants.h>
#include <bight/select.h>

#include <climits>

namespace bight::conformance {
namespace {

using namespace bight::select;

FileLike file_of(const py::handle& object) {
    int fd = PyObject_AsFileDescriptor(object.ptr());
    checked(fd != -1);
    return fd;
}

/// None, or a number of `unit` of which a C int can count the milliseconds.
Timeout limit_of(const py::handle& object, Duration unit) {
    auto limit = timeout_of(object.ptr(), unit);
    if (limit && *limit > std::chrono::milliseconds(INT_MAX)) throw OverflowError("timeout is too large");
    return limit;
}

/// Objects, and their descriptors.
struct Files {
    std::vector<py::object> objects;
    std::vector<FileLike> files;

    explicit Files(const py::object& iterable) {
        auto sequence = checked(PySequence_Fast(iterable.ptr(), "arguments 1-3 must be sequences"));
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence.get()); ++i) {  // fileno() may change its size
            objects.push_back(py::reinterpret_borrow<py::object>(PySequence_Fast_GET_ITEM(sequence.get(), i)));
            files.push_back(file_of(objects.back()));
        }
    }

    /// The objects of the descriptors that are ready, which come in the same order.
    py::list of(const std::vector<int>& ready) const {
        py::list found;
        auto next = ready.begin();
        for (std::size_t i = 0; i < files.size() && next != ready.end(); ++i)
            if (files[i].fileno() == *next) {
                found.append(objects[i]);
                ++next;
            }
        return found;
    }
};

py::tuple select_all(const py::object& readers, const py::object& writers, const py::object& exceptional,
                     const py::object& timeout) {
    Files read(readers), write(writers), except(exceptional);
    auto limit = timeout_of(timeout.ptr());
    auto ready = without_gil([&] { return select::select(read.files, write.files, except.files, limit); });
    return py::make_tuple(read.of(ready.readable), write.of(ready.writable), except.of(ready.exceptional));
}

template <class Events>
py::list pairs_of(const Events& events) {
    py::list pairs;
    for (auto [fd, ready] : events) pairs.append(py::make_tuple(fd, ready.value));
    return pairs;
}

/// Events for poll(), where the library takes an int.
PollEvents events_of(const py::int_& number) {
    long value = PyLong_AsLong(number.ptr());
    checked(value != -1 || !PyErr_Occurred());
    return static_cast<int>(std::clamp<long>(value, INT_MIN, INT_MAX));
}

void define_poll(py::module_& module) {
    py::class_<Poll>(module, "poll")
        .def(py::init())
        .def("register", [](Poll& self, const py::object& file) { self.add(file_of(file)); })
        .def("register", [](Poll& self, const py::object& file,
                            const py::int_& events) { self.add(file_of(file), events_of(events)); })
        .def("modify", [](Poll& self, const py::object& file,
                          const py::int_& events) { self.modify(file_of(file), events_of(events)); })
        .def("unregister", [](Poll& self, const py::object& file) { self.remove(file_of(file)); })
        .def(
            "poll",
            [](Poll& self, const py::object& timeout) {
                auto limit = limit_of(timeout, std::chrono::milliseconds(1));
                return pairs_of(without_gil([&] { return self.poll(limit); }));
            },
            py::arg("timeout") = py::none());
}

/// As an unsigned C int, of whatever number.
EpollEvents mask_of(const py::int_& number) {
    return static_cast<std::uint32_t>(PyLong_AsUnsignedLongMask(number.ptr()));
}

void define_epoll(py::module_& module) {
    auto usual = EpollEvents::in | EpollEvents::pri | EpollEvents::out;
    py::class_<Epoll>(module, "epoll")
        .def(py::init<int, int>(), py::arg("sizehint") = -1, py::arg("flags") = 0)
        .def_static("fromfd", &Epoll::fromfd)
        .def("fileno", &Epoll::fileno)
        .def("close", &Epoll::close)
        .def_property_readonly("closed", &Epoll::closed)
        .def("__enter__", [](const py::object& self) { return self; })
        .def("__exit__", [](Epoll& self, const py::args&) { self.close(); })
        .def(
            "register",
            [](Epoll& self, const py::object& file, const py::int_& events) {
                self.add(file_of(file), mask_of(events));
            },
            py::arg("fd"), py::arg("eventmask") = usual.value)
        .def(
            "modify",
            [](Epoll& self, const py::object& file, const py::int_& events) {
                self.modify(file_of(file), mask_of(events));
            },
            py::arg("fd"), py::arg("eventmask"))
        .def(
            "unregister", [](Epoll& self, const py::object& file) { self.remove(file_of(file)); }, py::arg("fd"))
        .def(
            "poll",
            [](Epoll& self, const py::object& timeout, int most) {
                auto limit = limit_of(timeout, std::chrono::seconds(1));
                return pairs_of(without_gil([&] { return self.poll(limit, most); }));
            },
            py::arg("timeout") = py::none(), py::arg("maxevents") = -1);
}

}  // namespace

PYBIND11_MODULE(bight_select, module) {
    py::register_local_exception_translator(translate<&PyExc_ValueError>);
#define CONSTANT(name, value) module.attr(#name) = static_cast<long long>(name);
#include "blocking/select_constants.inc"
#undef CONSTANT
    module.attr("error") = py::handle(PyExc_OSError);
    module.def("select", &select_all, py::arg("rlist"), py::arg("wlist"), py::arg("xlist"),
               py::arg("timeout") = py::none());
    define_poll(module);
    define_epoll(module);
}

}  // namespace bight::conformance
