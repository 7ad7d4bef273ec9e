// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/python.h"

#include <bight/error.h>

#include <pybind11/pybind11.h>

#include <exception>

// What bight_select and bight_selectors share.
namespace bight::conformance {

namespace py = pybind11;

/// The library's errors as CPython's; a use after close() is `closed` there.
template <PyObject** closed>
void translate(std::exception_ptr raised) {
    auto set = [](PyObject* type, const std::exception& error) { PyErr_SetString(type, error.what()); };
    try {
        std::rethrow_exception(raised);
    } catch (const Raised&) {
    } catch (const ClosedError& error) {
        set(*closed, error);
    } catch (const OSError& error) {
        PyErr_SetObject(PyExc_OSError, py::make_tuple(error.errnum(), error.what()).ptr());
    } catch (const ValueError& error) {
        set(PyExc_ValueError, error);
    } catch (const OverflowError& error) {
        set(PyExc_OverflowError, error);
    } catch (const KeyError& error) {
        set(PyExc_KeyError, error);
    } catch (const BusyError& error) {
        set(PyExc_RuntimeError, error);
    }
}

}  // namespace bight::conformance
