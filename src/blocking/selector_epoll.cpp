// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>

#include "blocking/selector_backend.h"
#include "sys/calls.h"

#include <cerrno>
#include <optional>
#include <vector>

// epoll(7) keys on the open file behind a descriptor, not on the number. A descriptor that is closed while a duplicate
// of it lives goes on being reported, and can no longer be removed by its number. So each registration carries its
// generation next to the number; a report whose generation is not that of the key found there is stale. One stale
// report and the set is built anew from the keys: the only way to be rid of it, and as dear as rare. It keeps its number
// then, but an epoll that watches this one has to be told again.
namespace bight::selectors {
namespace {

constexpr std::uint32_t epoll_mask_of(Ready events) noexcept {
    return (has(events, Ready::read) ? std::uint32_t{EPOLLIN} : 0) |
           (has(events, Ready::write) ? std::uint32_t{EPOLLOUT} : 0);
}

std::uint64_t token_of(const KeyBase& key) noexcept {
    return std::uint64_t{key.generation()} << 32 | static_cast<std::uint32_t>(key.fd());
}

KeyBase* key_at(const Keys& keys, std::size_t index) noexcept {
    return index < keys.size() ? keys[index].get() : nullptr;
}

class EpollBackend final : public Backend {
public:
    explicit EpollBackend(FileDescriptor epoll) noexcept : epoll_(std::move(epoll)) {}

    Result<void> add(const KeyBase& key) override {
        return sys::epoll_ctl(epoll_.fileno(), EPOLL_CTL_ADD, key.fd(), epoll_mask_of(key.events()), token_of(key));
    }

    Result<void> modify(const KeyBase& key, Ready events) override {
        return sys::epoll_ctl(epoll_.fileno(), EPOLL_CTL_MOD, key.fd(), epoll_mask_of(events), token_of(key));
    }

    void remove(const KeyBase& key) noexcept override {
        (void)sys::epoll_ctl(epoll_.fileno(), EPOLL_CTL_DEL, key.fd(), 0, 0);  // closed before: the kernel did it
    }

    void forget(const KeyBase&) noexcept override {}

    std::span<const Hit> wait(const Keys& keys, std::size_t count, const Timeout& timeout,
                              std::vector<Hit>& hits) override {
        if (events_.size() < count || events_.empty()) [[unlikely]]
            events_.resize(count < 1 ? 1 : count);
        Deadline deadline = deadline_of(timeout);
        if (wait_once(keys, timeout, deadline, hits) == Reports::good) [[likely]]
            return hits;
        return mend_and_wait(keys, timeout, deadline, hits);
    }

    int fileno() const noexcept override { return epoll_.fileno(); }

    void close() noexcept override {
        Backend::close();
        epoll_ = FileDescriptor();
    }

private:
    enum class Reports { good, stale };

    [[gnu::always_inline]] Reports wait_once(const Keys& keys, const Timeout& timeout, const Deadline& deadline,
                                             std::vector<Hit>& hits) {
        int ready = insist(timeout, deadline,
                           [this](const Timeout& left) { return sys::epoll_wait(epoll_.fileno(), events_, left); });
        auto reports = Reports::good;
        for (const epoll_event& event : std::span(events_).first(static_cast<std::size_t>(ready))) {
            KeyBase* key = key_at(keys, static_cast<std::uint32_t>(event.data.u64));
            if (!key || token_of(*key) != event.data.u64) [[unlikely]]
                reports = Reports::stale;
            else if (Ready got = ready_of(event.events, EPOLLIN, EPOLLOUT, key->events()); got != Ready::none)
                hits.push_back({key, got});
        }
        return reports;
    }

    [[gnu::noinline]] std::span<const Hit> mend_and_wait(const Keys& keys, Timeout timeout, const Deadline& deadline,
                                                         std::vector<Hit>& hits) {
        do {
            rebuild(keys);
            if (!hits.empty() || (timeout && *timeout <= Duration::zero())) return hits;
            timeout = deadline.left();  // an empty list would say that the limit has passed
        } while (wait_once(keys, timeout, deadline, hits) == Reports::stale);
        return hits;
    }

    /// Raises OSError where the kernel does not take a key again. Without a descriptor to do it, it is put off: the stale
    /// report comes again.
    void rebuild(const Keys& keys) {
        auto created = sys::epoll_create();
        if (!created) {
            (void)sys::poll({}, std::chrono::milliseconds(10));
            return;
        }
        FileDescriptor fresh(*created);
        if (auto replaced = sys::duplicate_onto(fresh.fileno(), epoll_.fileno()); !replaced)
            raise_os_error(replaced.error(), "select");
        std::optional<Errno> refused;
        for (const auto& key : keys) {
            if (!key) continue;
            auto added = add(*key);
            // A key whose descriptor is closed has nothing left to report.
            if (!added && added.error().number() != EBADF) refused = added.error();
        }
        if (refused) raise_os_error(*refused, "select");
    }

    FileDescriptor epoll_;
    std::vector<epoll_event> events_;
};

}  // namespace

std::unique_ptr<Backend> make_epoll_backend() {
    auto epoll = sys::epoll_create();
    if (!epoll) raise_os_error(epoll.error(), "epoll_create1");
    return std::make_unique<EpollBackend>(FileDescriptor(*epoll));
}

}  // namespace bight::selectors
