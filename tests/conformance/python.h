// SPDX-License-Identifier: BSL-1.0
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <bight/bytes.h>
#include <bight/lowlevel.h>
#include <bight/time.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the stand-ins need of CPython: references, errors on their way in both directions, calls without the GIL.
namespace bight::conformance {

/// Python's exception is set already.
struct Raised {};

/// A reference that is ours to drop.
class Ref {
public:
    Ref() noexcept = default;
    explicit Ref(PyObject* object) noexcept : object_(object) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref& operator=(Ref&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() { Py_XDECREF(object_); }

    PyObject* get() const noexcept { return object_; }
    PyObject* release() noexcept { return std::exchange(object_, nullptr); }

private:
    PyObject* object_ = nullptr;
};

/// What a call of CPython's gave, a new reference; raises if it gave none.
inline Ref checked(PyObject* object) {
    if (!object) throw Raised();
    return Ref(object);
}
inline void checked(bool well) {
    if (!well) throw Raised();
}

inline Ref none() noexcept { return Ref(Py_NewRef(Py_None)); }
inline Ref text(std::string_view bytes) {
    return checked(PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
}
inline Ref to_bytes(Bytes data) {
    return checked(PyBytes_FromStringAndSize(data.view().data(), static_cast<Py_ssize_t>(data.size())));
}
inline Ref number(long long value) { return checked(PyLong_FromLongLong(value)); }

template <class... Refs>
Ref tuple(Refs... items) {
    auto made = checked(PyTuple_New(sizeof...(items)));
    Py_ssize_t index = 0;
    (PyTuple_SET_ITEM(made.get(), index++, items.release()), ...);
    return made;
}

/// A list with what `convert` makes of each item.
template <class Range, class Convert>
Ref list(const Range& items, Convert convert) {
    auto made = checked(PyList_New(0));
    for (auto& item : items) checked(PyList_Append(made.get(), convert(item).get()) == 0);
    return made;
}

/// The memory of a bytes-like object, for as long as this lives.
class View {
public:
    explicit View(PyObject* object) { checked(PyArg_Parse(object, "y*", &buffer_) != 0); }

    /// One that can be written.
    static View writable(PyObject* object) {
        View view;
        checked(PyArg_Parse(object, "w*", &view.buffer_) != 0);
        return view;
    }

    View(View&& other) noexcept : buffer_(std::exchange(other.buffer_, Py_buffer{})) {}
    ~View() { PyBuffer_Release(&buffer_); }

    Bytes bytes() const noexcept {
        return {static_cast<const std::byte*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
    }
    MutableBytes room() const noexcept {
        return {static_cast<std::byte*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
    }

private:
    View() noexcept = default;

    Py_buffer buffer_{};
};

/// None, or a number of `unit`; a fraction of a nanosecond is rounded away from zero, as CPython does.
Timeout timeout_of(PyObject* object, Duration unit = std::chrono::seconds(1));

/// The items of any iterable.
std::vector<Ref> items_of(PyObject* iterable, const char* complaint);

/// Sets the Python exception for the C++ one that is being handled.
void translate_exception() noexcept;

/// Runs what CPython called, and turns C++ exceptions into Python's.
template <class Function>
PyObject* guarded(Function function) noexcept {
    try {
        return function().release();
    } catch (...) {
        translate_exception();
        return nullptr;
    }
}

/// Lets other threads of Python run. A signal's handlers are run by the library's hook, and may raise.
class WithoutGil {
public:
    WithoutGil() noexcept : before_(std::exchange(current_, this)), thread_(PyEval_SaveThread()) {
        lowlevel::set_interrupt_hook(run_handlers);
    }
    ~WithoutGil() {
        if (thread_) PyEval_RestoreThread(thread_);
        current_ = before_;
    }
    WithoutGil(const WithoutGil&) = delete;
    WithoutGil& operator=(const WithoutGil&) = delete;

private:
    static void run_handlers() {
        PyEval_RestoreThread(std::exchange(current_->thread_, nullptr));
        if (PyErr_CheckSignals() != 0) throw Raised();
        current_->thread_ = PyEval_SaveThread();
    }

    static thread_local WithoutGil* current_;

    WithoutGil* before_;
    PyThreadState* thread_;  // null: this thread has the GIL
};

template <class Function>
auto without_gil(Function function) {
    WithoutGil released;
    return function();
}

/// A method table entry; `flags` is METH_….
template <class Function>
PyMethodDef method(const char* name, Function* function, int flags = METH_VARARGS) {
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)), flags, nullptr};
}

}  // namespace bight::conformance
