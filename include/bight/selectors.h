// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>
#include <bight/select.h>
#include <bight/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace bight {

/// What to wait for, and what came: reading, writing, or both.
enum class Ready : unsigned { none = 0, read = 1, write = 2 };

constexpr Ready operator|(Ready a, Ready b) noexcept {
    return static_cast<Ready>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Ready operator&(Ready a, Ready b) noexcept {
    return static_cast<Ready>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
/// Whether `ready` has any of `wanted`.
constexpr bool has(Ready ready, Ready wanted) noexcept { return (ready & wanted) != Ready::none; }

namespace selectors {

/// Which call of the kernel waits.
enum class Method { epoll, poll, select };

class Backend;  // one of the three

/// What is registered, without the user's data.
class KeyBase {
public:
    virtual ~KeyBase() = default;  // a removed key is kept by the untyped part

    /// Null where a plain descriptor was registered.
    const void* fileobj() const noexcept { return fileobj_; }
    int fd() const noexcept { return fd_; }
    Ready events() const noexcept { return events_; }

    /// Tells this registration from others of the same descriptor.
    std::uint32_t generation() const noexcept { return generation_; }

protected:
    KeyBase() = default;
    KeyBase(const KeyBase&) = default;
    KeyBase& operator=(const KeyBase&) = default;

private:
    friend class BaseSelector;
    const void* fileobj_ = nullptr;
    int fd_ = -1;
    Ready events_ = Ready::none;
    std::uint32_t generation_ = 0;
};

/// A key that is ready, and for what.
struct Hit {
    KeyBase* key;
    Ready ready;
};

/// The part of a selector that knows no user data. Use Selector.
class BaseSelector {
public:
    explicit BaseSelector(Method method);
    BaseSelector(BaseSelector&&) noexcept;
    BaseSelector& operator=(BaseSelector&&) noexcept;
    ~BaseSelector();

    void close() noexcept;
    bool closed() const noexcept;

    /// Of epoll; raises ValueError for the others, which have none.
    int fileno() const;

    /// How many are registered.
    std::size_t size() const noexcept { return size_; }
    Method method() const noexcept { return method_; }

protected:
    void insert(FileLike file, Ready events, std::shared_ptr<KeyBase> key);
    void change(KeyBase& key, Ready events);
    void replace(KeyBase& key, Ready events, std::shared_ptr<KeyBase> replacement);
    std::shared_ptr<KeyBase> erase(FileLike file);
    std::shared_ptr<KeyBase> erase(const KeyBase& key, bool is_closed);
    std::shared_ptr<KeyBase> find(FileLike file) const;
    const std::shared_ptr<KeyBase>* lookup(FileLike file) const noexcept;
    std::span<const Hit> wait(const Timeout& timeout);

    /// Every registered key, in order of their descriptors.
    std::vector<std::shared_ptr<KeyBase>> all() const;

private:
    void require_open(const char* call) const;
    std::shared_ptr<KeyBase> take_out(const KeyBase& key);

    Method method_;
    std::unique_ptr<Backend> backend_;            // null once moved from
    std::vector<std::shared_ptr<KeyBase>> keys_;  // by descriptor
    std::size_t size_ = 0;
    std::uint32_t last_generation_ = 0;
    std::vector<std::shared_ptr<KeyBase>> removed_;      // alive until the next wait: a callback may remove its own
    std::vector<std::shared_ptr<KeyBase>> closed_keys_;  // those that close() found
    std::vector<Hit> hits_;
};

/// A registration: which object, which descriptor, which events, and the user's own data.
template <class Data>
struct SelectorKey : KeyBase {
    explicit SelectorKey(Data value) : data(std::move(value)) {}
    Data data;
};

}  // namespace selectors

/// Waits for many descriptors at once; each key carries data of the user's, often a callback.
///
/// Python's selectors with a typed `data`. Used from one thread at a time. Does not own what is registered. Closing a
/// descriptor without removing it first is forgiven: its key can still be removed, by the object or by the number.
template <class Data>
class Selector : public selectors::BaseSelector {
public:
    using Key = selectors::SelectorKey<Data>;

    /// A key that is ready, and for what: a part of the events it asked for, never none.
    struct Event {
        Key* key;
        Ready ready;
    };

    explicit Selector(selectors::Method method = selectors::Method::epoll) : BaseSelector(method) {}

    /// Raises ValueError for no events, or a negative descriptor; KeyError for what is registered already; OSError
    /// where the kernel refuses, and for a number above a million that is not open. Then nothing stays registered.
    std::shared_ptr<Key> add(FileLike file, Ready events, Data data = {}) {
        auto key = std::make_shared<Key>(std::move(data));
        insert(file, events, key);
        return key;
    }

    /// Changes events and data, and returns the new key; the old one keeps the old data, and lives to the next select(),
    /// so a callback may replace itself. Raises KeyError for what is not registered, ValueError for that without a
    /// descriptor, and for no events; if the kernel refuses the events, the registration is removed and the error passed
    /// on.
    std::shared_ptr<Key> modify(FileLike file, Ready events, Data data) {
        auto key = std::make_shared<Key>(std::move(data));
        replace(*find(file), events, key);
        return key;
    }

    /// Changes the events only, in the key that is there.
    std::shared_ptr<Key> modify(FileLike file, Ready events) {
        auto key = get_key(file);
        change(*key, events);
        return key;
    }

    /// Raises KeyError for what is not registered, ValueError for that without a descriptor. What was closed before can
    /// be removed, by the object or the number.
    std::shared_ptr<Key> remove(FileLike file) { return std::static_pointer_cast<Key>(erase(file)); }

    /// The same by a key of this selector, as select() lends it. Raises KeyError for one that was removed before.
    std::shared_ptr<Key> remove(const Key& key) { return std::static_pointer_cast<Key>(erase(key, false)); }

    /// remove() of one whose descriptor has been closed, so that the kernel has forgotten it already, and is not told.
    std::shared_ptr<Key> remove_closed(const Key& key) { return std::static_pointer_cast<Key>(erase(key, true)); }

    /// Raises KeyError for what is not registered, ValueError for that without a descriptor, ClosedError after close().
    std::shared_ptr<Key> get_key(FileLike file) const { return std::static_pointer_cast<Key>(find(file)); }

    bool contains(FileLike file) const noexcept { return lookup(file) != nullptr; }

    /// The registered keys as they are now, in order of their descriptors; empty after close().
    std::vector<std::shared_ptr<Key>> get_map() const {
        std::vector<std::shared_ptr<Key>> keys;
        for (auto& key : all()) keys.push_back(std::static_pointer_cast<Key>(key));
        return keys;
    }

    /// Waits until something is ready, or the limit has passed: then the list is empty. Zero and less do not wait.
    ///
    /// The list is lent: it is good until the next select(), and the keys in it stay alive until then, also if they
    /// are removed or the selector is closed on the way. Raises ClosedError after close().
    std::span<Event> select(Timeout timeout = {}) {
        auto hits = wait(timeout);
        events_.resize(hits.size());
        for (std::size_t i = 0; i < hits.size(); ++i) events_[i] = {static_cast<Key*>(hits[i].key), hits[i].ready};
        return events_;
    }

private:
    std::vector<Event> events_;
};

namespace selectors {

template <class Data>
using DefaultSelector = Selector<Data>;

template <class Data>
struct EpollSelector : Selector<Data> {
    EpollSelector() : Selector<Data>(Method::epoll) {}
};

template <class Data>
struct PollSelector : Selector<Data> {
    PollSelector() : Selector<Data>(Method::poll) {}
};

template <class Data>
struct SelectSelector : Selector<Data> {
    SelectSelector() : Selector<Data>(Method::select) {}
};

}  // namespace selectors
}  // namespace bight
