// SPDX-License-Identifier: BSL-1.0
/// The module `ipaddress` of CPython, made of bight's: arguments and results are converted here, all else is the
/// library's. CPython's own tests of the module run on it.
#include "conformance/ipaddress_convert.h"

namespace bight::conformance {
namespace {

template <class Address>
using Other = std::conditional_t<Address::version() == 4, IPv6Address, IPv4Address>;

[[noreturn]] void raise_versions(const py::handle& a, const py::handle& b) {
    ipaddress::detail::raise_versions(text_of(a), text_of(b));
}

/// What `function` says of two addresses or interfaces of one version; NotImplemented for anything else.
template <class Self, class Function>
py::object compare_addresses(const Self& self, const py::object& other, Function function) {
    using Address = std::conditional_t<Self::version() == 4, IPv4Address, IPv6Address>;
    if (py::isinstance<Interface<Address>>(other))
        return py::bool_(function(self, py::cast<const Interface<Address>&>(other)));
    if (py::isinstance<Address>(other)) return py::bool_(function(self, py::cast<const Address&>(other)));
    return py::reinterpret_borrow<py::object>(Py_NotImplemented);
}

template <class A, class Function>
py::object compare_networks(const Network<A>& self, const py::object& other, Function function) {
    if (py::isinstance<Network<A>>(other)) return py::bool_(function(self, py::cast<const Network<A>&>(other)));
    return py::reinterpret_borrow<py::object>(Py_NotImplemented);
}

/// ==, and < and its like, which refuse the same kind of thing of the other version.
template <class Self, class OtherVersion, class Class, class Compare>
void define_order(Class& cls, Compare compare) {
    auto define = [&](const char* name, auto holds) {
        cls.def(name, [compare, holds](const py::object& self, const py::object& other) {
            if (py::isinstance<OtherVersion>(other)) raise_versions(self, other);
            return compare(py::cast<const Self&>(self), other,
                           [&](const auto& a, const auto& b) { return holds(a <=> b); });
        });
    };
    define("__lt__", [](auto order) { return order < 0; });
    define("__le__", [](auto order) { return order <= 0; });
    define("__gt__", [](auto order) { return order > 0; });
    define("__ge__", [](auto order) { return order >= 0; });
    cls.def("__eq__", [compare](const Self& self, const py::object& other) {
        return compare(self, other, [](const auto& a, const auto& b) { return a == b; });
    });
    cls.def("__hash__", [](const Self& self) { return static_cast<Py_hash_t>(std::hash<Self>{}(self) >> 1); });
}

/// What addresses, networks and interfaces have in common.
template <class T, class Class>
void define_common(Class& cls, const char* name) {
    cls.def("__str__", &T::to_string);
    cls.def("__repr__", [name](const T& self) { return name + ("('" + self.to_string() + "')"); });
    auto property = [&](const char* attribute, auto member) {
        cls.def_property_readonly(attribute, [member](const T& self) { return (self.*member)(); });
    };
    property("compressed", &T::compressed);
    property("exploded", &T::exploded);
    property("reverse_pointer", &T::reverse_pointer);
    property("is_multicast", &T::is_multicast);
    property("is_reserved", &T::is_reserved);
    property("is_unspecified", &T::is_unspecified);
    property("is_loopback", &T::is_loopback);
    property("is_link_local", &T::is_link_local);
    property("is_private", &T::is_private);
    property("is_global", &T::is_global);
    if constexpr (T::version() == 6) property("is_site_local", &T::is_site_local);
    cls.def_property_readonly("version", [](const T&) { return T::version(); });
    cls.def_property_readonly("max_prefixlen", [](const T&) { return T::max_prefixlen(); });
}

/// The masks of networks and interfaces.
template <class T, class Class>
void define_masks(Class& cls) {
    cls.def_property_readonly("netmask", &T::netmask);
    cls.def_property_readonly("hostmask", &T::hostmask);
    cls.def_property_readonly("with_prefixlen", &T::with_prefixlen);
    cls.def_property_readonly("with_netmask", &T::with_netmask);
    cls.def_property_readonly("with_hostmask", &T::with_hostmask);
}

/// + and -, with a number of any sign and size.
template <class T>
py::object moved(const T& self, const py::object& step, bool backwards) {
    if (!is_int(step)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
    Number number(step);
    if (number.magnitude >= Count::power_of_two(128))
        ipaddress::detail::raise_number(T::version(), number.negative != backwards, number.magnitude);
    auto distance = number.magnitude.to_int();
    return py::cast(number.negative != backwards ? self - distance : self + distance);
}

template <class T, class Class>
void define_arithmetic(Class& cls) {
    cls.def("__add__", [](const T& self, const py::object& step) { return moved(self, step, false); });
    cls.def("__sub__", [](const T& self, const py::object& step) { return moved(self, step, true); });
    cls.def("__format__", [](const T& self, const std::string& spec) { return self.format(spec); });
}

template <class A>
void define_address(py::module_& module, const char* name) {
    py::class_<A> cls(module, name);
    cls.def(py::init(&make_address<A>), py::arg("address"));
    define_common<A>(cls, name);
    define_order<A, Other<A>>(cls, [](const A& self, const py::object& other, auto function) {
        return compare_addresses(self, other, function);
    });
    define_arithmetic<A>(cls);
    cls.def("__int__", [](const A& self) { return to_python(static_cast<uint128>(self.to_int())); });
    cls.def_property_readonly("_ip", [](const A& self) { return to_python(static_cast<uint128>(self.to_int())); });
    cls.def_property_readonly("packed", &packed<A>);
    cls.attr("_ALL_ONES") = to_python(static_cast<uint128>(Network<A>(A(), 0).broadcast_address().to_int()));
    cls.def_static("_prefix_from_prefix_string",
                   [](const std::string& text) { return Network<A>(A(), text).prefixlen(); });
    if constexpr (A::version() == 6) {
        cls.def_property_readonly("scope_id", [](const A& self) -> py::object {
            return self.scope_id().empty() ? py::object(py::none()) : py::str(self.scope_id().to_string());
        });
        cls.def_property_readonly("ipv4_mapped", [](const A& self) { return or_none(self.ipv4_mapped()); });
        cls.def_property_readonly("sixtofour", [](const A& self) { return or_none(self.sixtofour()); });
        cls.def_property_readonly("teredo", [](const A& self) -> py::object {
            auto teredo = self.teredo();
            return teredo ? py::object(py::make_tuple(teredo->server, teredo->client)) : py::none();
        });
    }
}

template <class A>
void define_interface(py::module_& module, const char* name) {
    using T = Interface<A>;
    py::class_<T, A> cls(module, name);
    cls.def(py::init([](const py::object& address) { return make_thing<T>(address); }), py::arg("address"));
    define_common<T>(cls, name);
    define_masks<T>(cls);
    define_order<T, Other<A>>(cls, [](const T& self, const py::object& other, auto function) {
        return compare_addresses(self, other, function);
    });
    define_arithmetic<T>(cls);
    cls.def_property_readonly("ip", &T::ip);
    cls.def_property_readonly("network", &T::network);
}

template <class A>
void define_relations(py::class_<Network<A>>& cls) {
    using T = Network<A>;
    cls.def("__contains__", [](const T& self, const py::object& other) {
        auto address = as_address(other);
        return address && IPNetwork(self).contains(*address);
    });
    cls.def("overlaps",
            [](const T& self, const py::object& other) { return IPNetwork(self).overlaps(network_of(other)); });
    cls.def("subnet_of",
            [](const T& self, const py::object& other) { return IPNetwork(self).subnet_of(network_of(other)); });
    cls.def("supernet_of",
            [](const T& self, const py::object& other) { return IPNetwork(self).supernet_of(network_of(other)); });
    cls.def("compare_networks",
            [](const T& self, const py::object& other) { return IPNetwork(self).compare_networks(network_of(other)); });
    cls.def("address_exclude", [](const T& self, const py::object& other) {
        return Generator{[self, other]() -> py::object {
                             py::list networks;
                             for (const auto& network : IPNetwork(self).address_exclude(network_of(other)))
                                 networks.append(to_object(network));
                             return py::iter(networks);
                         },
                         {}};
    });
    cls.def("_get_networks_key",
            [](const T& self) { return py::make_tuple(self.version(), self.network_address(), self.netmask()); });
}

template <class A>
void define_network(py::module_& module, const char* name) {
    using T = Network<A>;
    py::class_<T> cls(module, name);
    cls.def(
        py::init([](const py::object& address, bool strict) { return make_thing<T>(address, NetworkOptions{strict}); }),
        py::arg("address"), py::arg("strict") = true);
    define_common<T>(cls, name);
    define_masks<T>(cls);
    define_order<T, Network<Other<A>>>(cls, [](const T& self, const py::object& other, auto function) {
        return compare_networks(self, other, function);
    });
    define_relations(cls);
    cls.def_property_readonly("network_address", [](const T& self) { return self.network_address(); });
    cls.def_property_readonly("broadcast_address", &T::broadcast_address);
    cls.def_property_readonly("prefixlen", &T::prefixlen);
    cls.def_property_readonly("num_addresses", [](const T& self) { return to_python(self.num_addresses()); });
    cls.def("__iter__", [](const T& self) { return iterator_over(self); });
    cls.def("hosts", [](const T& self) { return iterator_over(self.hosts()); });
    cls.def("__getitem__", [](const T& self, const py::object& index) {
        Number number(index);
        if (number.magnitude >= Count::power_of_two(127)) ipaddress::detail::raise_index();
        auto distance = static_cast<int128>(number.magnitude.to_int());
        return self[number.negative ? -distance : distance];
    });
    cls.def(
        "subnets",
        [](const T& self, int diff, std::optional<int> new_prefix) {
            return later([=] { return self.subnets({diff, new_prefix}); });
        },
        py::arg("prefixlen_diff") = 1, py::arg("new_prefix") = py::none());
    cls.def(
        "supernet",
        [](const T& self, int diff, std::optional<int> new_prefix) { return self.supernet({diff, new_prefix}); },
        py::arg("prefixlen_diff") = 1, py::arg("new_prefix") = py::none());
}

template <class Text, class Bytewise>
py::object make_either(const py::object& value, Text from_text, Bytewise from_address) {
    if (is_int(value)) {
        Number number(value);
        if (number.negative || number.magnitude >= Count::power_of_two(128))
            ipaddress::detail::raise_number(6, number.negative, number.magnitude);
        return to_object(from_address(IPAddress(number.magnitude.to_int())));
    }
    if (is_bytes(value)) return to_object(from_address(IPAddress::from_packed(view(value))));
    return to_object(from_text(text_of(value)));
}

/// A pair of address and mask, of the version that the address has.
template <template <class> class Thing, class... Options>
py::object make_of_pair(const py::tuple& pair, Options... options) {
    auto address = make_either(pair[0], [](const auto& text) { return ip_address(text); }, std::identity());
    bool is_four = py::isinstance<IPv4Address>(address);
    py::object whole = py::make_tuple(address, pair.size() > 1 ? py::object(pair[1]) : address.attr("max_prefixlen"));
    return is_four ? py::cast(make_thing<Thing<IPv4Address>>(whole, options...))
                   : py::cast(make_thing<Thing<IPv6Address>>(whole, options...));
}

py::object make_ip_address(const py::object& value) {
    return make_either(value, [](const auto& text) { return ip_address(text); }, std::identity());
}

py::object make_ip_network(const py::object& value, bool strict) {
    NetworkOptions options{strict};
    if (py::isinstance<py::tuple>(value)) return make_of_pair<Network>(py::cast<py::tuple>(value), options);
    return make_either(
        value, [=](const auto& text) { return ip_network(text, options); },
        [](const auto& address) { return IPNetwork(address); });
}

py::object make_ip_interface(const py::object& value) {
    if (py::isinstance<py::tuple>(value)) return make_of_pair<Interface>(py::cast<py::tuple>(value));
    return make_either(
        value, [](const auto& text) { return ip_interface(text); },
        [](const auto& address) { return IPInterface(address); });
}

Generator summarize(const py::object& first, const py::object& last) {
    return {[=]() -> py::object {
                auto from = as_address(first), to = as_address(last);
                if (!from || !to) throw TypeError("first and last must be IP addresses, not networks");
                // Only in Python can a class derived from ours claim another version.
                if (py::cast<int>(first.attr("version")) != from->version()) throw ValueError("unknown IP version");
                return list_iterator(summarize_address_range(*from, *to));
            },
            {}};
}

py::object collapse(const py::iterable& things) {
    std::vector<IPNetwork> networks;
    for (auto thing : things) {
        if (auto network = as_network(thing))
            networks.push_back(*network);
        else if (auto address = as_address(thing))
            networks.push_back(IPNetwork(*address));
        else
            throw TypeError(text_of(thing) + " is no address and no network");
    }
    return list_iterator(collapse_addresses(std::move(networks)));
}

py::object mixed_type_key(const py::object& thing) {
    if (auto network = as_network(thing)) return py::cast(get_mixed_type_key(*network));
    if (auto interface = as_interface(thing)) return py::cast(get_mixed_type_key(*interface));
    if (auto address = as_address(thing)) return py::cast(get_mixed_type_key(*address));
    return py::reinterpret_borrow<py::object>(Py_NotImplemented);
}

template <class Address>
py::bytes int_to_packed(const py::object& value) {
    Number number(value);
    if (number.negative || number.magnitude >= Count::power_of_two(Address::max_prefixlen()))
        ipaddress::detail::raise_packed_range(Address::version());
    return packed(Address(number.magnitude.to_int()));
}

void define_errors(py::module_& module) {
    py::register_exception_translator([](std::exception_ptr raised) {
        try {
            std::rethrow_exception(raised);
        } catch (const TypeError& error) {
            PyErr_SetString(PyExc_TypeError, error.what());
        } catch (const ValueError& error) {
            PyErr_SetString(PyExc_ValueError, error.what());
        } catch (const IndexError& error) {
            PyErr_SetString(PyExc_IndexError, error.what());
        }
    });
    py::register_exception<AddressValueError>(module, "AddressValueError", PyExc_ValueError);
    py::register_exception<NetmaskValueError>(module, "NetmaskValueError", PyExc_ValueError);
}

}  // namespace

PYBIND11_MODULE(bight_ipaddress, module) {
    define_errors(module);
    py::class_<Generator>(module, "_Generator")
        .def("__iter__", [](const py::object& self) { return self; })
        .def("__next__", &Generator::next);
    py::class_<MixedTypeKey>(module, "_MixedTypeKey")
        .def("__lt__", [](const MixedTypeKey& a, const MixedTypeKey& b) { return a < b; })
        .def("__eq__", [](const MixedTypeKey& a, const MixedTypeKey& b) { return a == b; });
    define_address<IPv4Address>(module, "IPv4Address");
    define_address<IPv6Address>(module, "IPv6Address");
    define_network<IPv4Address>(module, "IPv4Network");
    define_network<IPv6Address>(module, "IPv6Network");
    define_interface<IPv4Address>(module, "IPv4Interface");
    define_interface<IPv6Address>(module, "IPv6Interface");
    module.attr("IPV4LENGTH") = IPV4LENGTH;
    module.attr("IPV6LENGTH") = IPV6LENGTH;
    module.def("ip_address", &make_ip_address, py::arg("address"));
    module.def("ip_network", &make_ip_network, py::arg("address"), py::arg("strict") = true);
    module.def("ip_interface", &make_ip_interface, py::arg("address"));
    module.def("v4_int_to_packed", &int_to_packed<IPv4Address>, py::arg("address"));
    module.def("v6_int_to_packed", &int_to_packed<IPv6Address>, py::arg("address"));
    module.def("summarize_address_range", &summarize, py::arg("first"), py::arg("last"));
    module.def("collapse_addresses", &collapse, py::arg("addresses"));
    module.def("get_mixed_type_key", &mixed_type_key, py::arg("obj"));
}

}  // namespace bight::conformance
