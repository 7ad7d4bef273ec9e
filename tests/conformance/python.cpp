// SPDX-License-Identifier: BSL-1.0
#include "conformance/python.h"

namespace bight::conformance {

thread_local WithoutGil* WithoutGil::current_ = nullptr;

std::vector<Ref> items_of(PyObject* iterable, const char* complaint) {
    auto sequence = checked(PySequence_Fast(iterable, complaint));
    std::vector<Ref> items;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence.get()); ++i)
        items.emplace_back(Py_NewRef(PySequence_Fast_GET_ITEM(sequence.get(), i)));
    return items;
}

}  // namespace bight::conformance
