// SPDX-License-Identifier: BSL-1.0
#include "conformance/python.h"

#include <bight/error.h>

#include <cmath>

namespace bight::conformance {

thread_local WithoutGil* WithoutGil::current_ = nullptr;

Timeout timeout_of(PyObject* object, Duration unit) {
    if (object == Py_None) return std::nullopt;
    double count = PyFloat_AsDouble(object);
    checked(count != -1 || !PyErr_Occurred());
    if (std::isnan(count)) throw ValueError("Invalid value NaN (not a number)");
    double nanoseconds = count * static_cast<double>(unit.count());
    nanoseconds = nanoseconds < 0 ? std::floor(nanoseconds) : std::ceil(nanoseconds);
    if (std::abs(nanoseconds) >= 9.2e18) throw OverflowError("timeout doesn't fit into C timeval");
    return Duration(static_cast<Duration::rep>(nanoseconds));
}

std::vector<Ref> items_of(PyObject* iterable, const char* complaint) {
    auto sequence = checked(PySequence_Fast(iterable, complaint));
    std::vector<Ref> items;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence.get()); ++i)
        items.emplace_back(Py_NewRef(PySequence_Fast_GET_ITEM(sequence.get(), i)));
    return items;
}

}  // namespace bight::conformance
