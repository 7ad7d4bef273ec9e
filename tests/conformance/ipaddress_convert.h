// SPDX-License-Identifier: BSL-1.0
/// Python's objects as arguments of bight::ipaddress, and its values as Python's objects.
#pragma once

#include <bight/ipaddress.h>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace bight::conformance {

namespace py = pybind11;
using namespace bight::ipaddress;

inline py::int_ to_python(uint128 value) {
    auto high = py::int_(static_cast<unsigned long long>(value >> 64));
    return py::int_((high << py::int_(64)) | py::int_(static_cast<unsigned long long>(value)));
}

inline py::int_ to_python(const Count& count) {
    if (count == Count::power_of_two(128)) return py::int_(py::int_(1) << py::int_(128));
    return to_python(count.to_int());
}

inline py::int_ to_python(std::uint64_t value) { return py::int_(value); }

/// An integer of Python's: its sign and its distance from zero, of which 192 bits at most are kept.
struct Number {
    bool negative;
    Count magnitude;

    explicit Number(const py::object& number) : negative(number < py::int_(0)) {
        py::object rest = negative ? py::object(-number) : number;
        for (int shift = 128; shift >= 0; shift -= 64) {
            auto word = py::cast<unsigned long long>((rest >> py::int_(shift)) & py::int_(~0ull));
            for (int i = 0; i < 64; ++i) magnitude += Count(magnitude);
            magnitude += Count(word);
        }
    }
};

template <class Address>
Address from_int(const Number& number) {
    if (number.negative || number.magnitude >= Count::power_of_two(Address::max_prefixlen()))
        ipaddress::detail::raise_number(Address::version(), number.negative, number.magnitude);
    return Address(number.magnitude.to_int());
}

inline bool is_int(const py::handle& object) { return py::isinstance<py::int_>(object); }
inline bool is_bytes(const py::handle& object) { return py::isinstance<py::bytes>(object); }

inline Bytes view(const py::bytes& bytes) { return Bytes(std::string_view(bytes)); }
inline std::string text_of(const py::handle& object) { return py::cast<std::string>(py::str(object)); }

template <class Address>
py::bytes packed(const Address& address) {
    return py::bytes(Bytes(address.packed()).to_string());
}

template <class Address>
Address make_address(const py::object& object) {
    if (is_int(object)) return from_int<Address>(Number(object));
    if (is_bytes(object)) return Address::from_packed(view(object));
    return Address(text_of(object));
}

/// A Network or an Interface: from a number, bytes, a pair of address and mask, or text.
template <class Thing, class... Options>
Thing make_thing(const py::object& object, Options... options) {
    using Address = typename Thing::Address;
    if (is_int(object) || is_bytes(object)) return Thing(make_address<Address>(object));
    if (!py::isinstance<py::tuple>(object)) return Thing(text_of(object), options...);
    auto pair = py::cast<py::tuple>(object);
    auto address = make_address<Address>(pair[0]);
    if (pair.size() < 2) return Thing(address);
    if (is_int(pair[1])) return Thing(address, py::cast<int>(pair[1]), options...);
    return Thing(address, text_of(pair[1]), options...);
}

/// One of the six classes, as its version-neutral twin; nothing for another object.
template <class Either, class Four, class Six>
std::optional<Either> either(const py::handle& object) {
    if (py::isinstance<Four>(object)) return Either(py::cast<const Four&>(object));
    if (py::isinstance<Six>(object)) return Either(py::cast<const Six&>(object));
    return std::nullopt;
}
inline std::optional<IPAddress> as_address(const py::handle& object) {
    return either<IPAddress, IPv4Address, IPv6Address>(object);
}
inline std::optional<IPNetwork> as_network(const py::handle& object) {
    return either<IPNetwork, IPv4Network, IPv6Network>(object);
}
inline std::optional<IPInterface> as_interface(const py::handle& object) {
    return either<IPInterface, IPv4Interface, IPv6Interface>(object);
}

inline IPNetwork network_of(const py::handle& object) {
    if (auto network = as_network(object)) return *network;
    throw TypeError(text_of(object) + " is not a network object");
}

template <class Thing>
py::object to_object(const Thing& thing) {
    if constexpr (requires { thing.v4(); })
        return thing.visit([](const auto& value) { return py::cast(value); });
    else
        return py::cast(thing);
}

template <class T>
py::object or_none(const std::optional<T>& value) {
    return value ? py::cast(*value) : py::none();
}

/// A generator of Python's: nothing happens, and nothing is raised, before the first element is asked for.
struct Generator {
    std::function<py::object()> start;
    py::object iterator;

    py::object next() {
        if (start) iterator = std::exchange(start, nullptr)();
        PyObject* element = PyIter_Next(iterator.ptr());
        if (element == nullptr && PyErr_Occurred()) throw py::error_already_set();
        if (element == nullptr) throw py::stop_iteration();
        return py::reinterpret_steal<py::object>(element);
    }
};

/// The elements of a lazy range of the library, one by one.
template <class Range>
py::iterator iterator_over(const Range& range) {
    return py::make_iterator<py::return_value_policy::move>(range.begin(), range.end());
}

template <class Make>
Generator later(Make make) {
    return {[make] { return py::object(iterator_over(make())); }, {}};
}

/// As later(), for a vector, which must live as long as the iterator does.
template <class Things>
py::object list_iterator(const Things& things) {
    py::list list;
    for (const auto& thing : things) list.append(to_object(thing));
    return py::iter(list);
}

}  // namespace bight::conformance
