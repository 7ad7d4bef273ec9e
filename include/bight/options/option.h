// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/error.h>
#include <bight/socket.h>

#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// What the options of <bight/options.h> are made of: an Option knows its level, number and name, and its Form how its
// value travels: what it is in C++, within which limits, and what it is to the kernel.
namespace bight::options {

/// What the kernel lets do with an option. The other does not compile.
enum class Access : unsigned char { both, read, write };

/// What getsockopt(2) goes by, and the platform's word for it: "SO_RCVBUF".
struct Name {
    int level;
    int number;
    const char* text;
};

namespace detail {

/// Reads into `room`. Raises ClosedError; the kernel's refusal is the result, an errno, 0 for none.
int read(const Socket& socket, const Name& name, MutableBytes room);

/// As much as there is, beginning with room for `first` bytes.
int read_all(const Socket& socket, const Name& name, std::size_t first, Buffer& answer);

void write(Socket& socket, const Name& name, Bytes value);
[[noreturn]] void refused(Errno error, const Name& name);
[[noreturn]] void out_of_range(const char* name);
[[noreturn]] void out_of_range(const char* name, long long least, unsigned long long most);
[[noreturn]] void text_does_not_fit(const char* name);

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

template <class Wire>
Bytes bytes_of(const Wire& wire) {
    if constexpr (requires { wire.bytes(); })
        return wire.bytes();
    else
        return {reinterpret_cast<const std::byte*>(&wire), sizeof wire};
}

}  // namespace detail

// ---- Forms. ------------------------------------------------------------------------------------------------------------

/// On or off: bool, and no number.
struct Switch {
    using Value = bool;
    template <class V>
    static constexpr bool takes = std::same_as<V, bool>;

    static constexpr int pack(bool on, const char*) { return on ? 1 : 0; }
    static constexpr bool unpack(int wire) { return wire != 0; }
};

/// A whole number within limits, `also` one beside them. `unit` is for people.
template <class T = int>
struct Whole {
    using Value = T;
    template <class V>
    static constexpr bool takes = detail::Integer<V>;

    T least = std::numeric_limits<T>::min();
    T most = std::numeric_limits<T>::max();
    const char* unit = "";
    T also = least;

    template <class V>
    constexpr T pack(V value, const char* name) const {
        bool within = std::cmp_greater_equal(value, least) && std::cmp_less_equal(value, most);
        if (!within && !std::cmp_equal(value, also))
            detail::out_of_range(name, static_cast<long long>(least), static_cast<unsigned long long>(most));
        return static_cast<T>(value);
    }
    static constexpr T unpack(T wire) { return wire; }
};

/// A time in whole units: seconds are not made of milliseconds without being rounded by the caller.
template <class Unit>
struct Time {
    using Value = Unit;
    template <class V>
    static constexpr bool takes = std::convertible_to<V, Unit> && !detail::Integer<V>;

    int least = 0;
    int most = std::numeric_limits<int>::max();
    int also = least;

    constexpr int pack(Unit value, const char* name) const {
        bool within = value.count() >= least && value.count() <= most;
        if (!within && value.count() != also) detail::out_of_range(name, least, static_cast<unsigned long long>(most));
        return static_cast<int>(value.count());
    }
    static constexpr Unit unpack(int wire) { return Unit(wire); }
};

/// One of the words of an enum class, or several that are joined by `|`.
template <class E>
struct Choice {
    using Value = E;
    template <class V>
    static constexpr bool takes = std::same_as<V, E>;

    static constexpr int pack(E value, const char*) { return static_cast<int>(value); }
    static constexpr E unpack(int wire) { return static_cast<E>(wire); }
};

/// A struct whose Wire is what the kernel takes; `pack()` and `unpack()` are the struct's own.
template <class T>
struct Record {
    using Value = T;
    template <class V>
    static constexpr bool takes = std::convertible_to<V, T>;

    static constexpr auto pack(const T& value, const char* name) { return value.pack(name); }
    static constexpr T unpack(const auto& wire) { return T::unpack(wire); }
};

/// A word of at most 15 characters, such as a name of the kernel's for an algorithm or an interface.
struct Word {
    using Value = std::string;
    template <class V>
    static constexpr bool takes = std::convertible_to<V, std::string_view>;

    struct Wire {
        std::array<char, 16> text{};
        std::size_t size = 0;
        Bytes bytes() const noexcept { return Bytes(text).slice(0, size); }
    };

    static constexpr Wire pack(std::string_view value, const char* name) {
        Wire wire{};
        if (value.size() >= wire.text.size() || value.find('\0') != value.npos) detail::text_does_not_fit(name);
        for (char c : value) wire.text[wire.size++] = c;
        ++wire.size;  // with its NUL
        return wire;
    }
    static Value unpack(Bytes answer) { return std::string(answer.view().substr(0, answer.view().find('\0'))); }
    static constexpr std::size_t first_room = 64;
};

/// What can only be read, and is made of all the bytes of the kernel's answer: `T unpack(Bytes)` of a Reader.
template <class T, T (*Reader)(Bytes), std::size_t first = 256>
struct Answer {
    using Value = T;
    template <class>
    static constexpr bool takes = false;

    static T unpack(Bytes answer) { return Reader(answer); }
    static constexpr std::size_t first_room = first;
};

// ---- Options. ----------------------------------------------------------------------------------------------------------

/// A value that was checked when it was compiled: `s.set(options::ip_ttl(64))`.
template <class Wire>
struct Setting {
    Name name;
    Wire wire;

    void set_on(Socket& socket) const { detail::write(socket, name, detail::bytes_of(wire)); }
};

/// One option; its name is the platform's, its value is checked before the kernel sees it.
template <class Form, Access access = Access::both>
class Option {
public:
    using Value = Form::Value;
    static constexpr bool readable = access != Access::write;
    static constexpr bool writable = access != Access::read;

    constexpr Option(int level, int number, const char* text, Form form = {}) noexcept
        : name_{level, number, text}, form_(form) {}

    constexpr const Name& name() const noexcept { return name_; }
    constexpr const Form& form() const noexcept { return form_; }

    /// A constant for Socket::set(): one that is out of range does not compile.
    template <class V = Value>
    consteval auto operator()(const V& value) const {
        require_taken<V>();
        auto wire = form_.pack(value, name_.text);
        return Setting<decltype(wire)>{name_, wire};
    }

    /// Socket::set(): raises OverflowError or ValueError for what is out of range, and OSError where the kernel refuses.
    template <class V>
    void set_on(Socket& socket, const V& value) const {
        require_taken<V>();
        auto wire = form_.pack(value, name_.text);
        detail::write(socket, name_, detail::bytes_of(wire));
    }

    /// Socket::get(): raises OSError where the kernel refuses.
    Value get_from(const Socket& socket) const {
        auto answer = try_get_from(socket);
        if (answer.refused != 0) detail::refused(Errno(answer.refused), name_);
        return answer.value();
    }

    /// As get_from(), with the kernel's refusal told.
    auto try_get_from(const Socket& socket) const {
        static_assert(readable, "this socket option can only be set");
        Reading reading{form_};
        if constexpr (has_first_room)
            reading.refused = detail::read_all(socket, name_, Form::first_room, reading.raw);
        else
            reading.refused = detail::read(socket, name_, std::as_writable_bytes(std::span(&reading.raw, 1)));
        return reading;
    }

private:
    template <class V>
    static constexpr void require_taken() {
        static_assert(writable, "this socket option can only be read");
        static_assert(!writable || Form::template takes<V>, "this socket option takes a value of another type");
    }

    static constexpr bool has_first_room = requires { Form::first_room; };

    /// What getsockopt(2) writes to.
    static constexpr auto raw_type() {
        if constexpr (has_first_room)
            return std::type_identity<Buffer>();
        else if constexpr (requires { typename Form::Value::Wire; })
            return std::type_identity<typename Form::Value::Wire>();
        else
            return std::type_identity<decltype(std::declval<const Form&>().pack(std::declval<Value>(), ""))>();
    }

    struct Reading {
        const Form& form;
        decltype(raw_type())::type raw{};
        int refused = 0;  // an errno; 0 where there is a value

        Value value() const {
            if constexpr (has_first_room)
                return form.unpack(raw.bytes());
            else
                return form.unpack(raw);
        }
    };

    Name name_;
    Form form_;
};

}  // namespace bight::options
