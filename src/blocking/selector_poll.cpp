// SPDX-License-Identifier: BSL-1.0
#include "blocking/selector_backend.h"
#include "sys/calls.h"

#include <vector>

namespace bight::selectors {
namespace {

constexpr short mask_of(Ready events) noexcept {
    return static_cast<short>((has(events, Ready::read) ? POLLIN : 0) | (has(events, Ready::write) ? POLLOUT : 0));
}

/// The descriptors stand in a row for poll(2); the last one takes the place of one that is removed.
class PollBackend final : public Backend {
public:
    Result<void> add(const KeyBase& key) override {
        auto index = static_cast<std::size_t>(key.fd());
        if (index >= places_.size()) places_.resize(index + 1);
        places_[index] = row_.size();
        row_.push_back({key.fd(), mask_of(key.events()), 0});
        return {};
    }

    Result<void> modify(const KeyBase& key, Ready events) override {
        row_[places_[static_cast<std::size_t>(key.fd())]].events = mask_of(events);
        return {};
    }

    void remove(const KeyBase& key) noexcept override {
        auto place = places_[static_cast<std::size_t>(key.fd())];
        row_[place] = row_.back();
        places_[static_cast<std::size_t>(row_[place].fd)] = place;
        row_.pop_back();
    }

    std::span<const Hit> wait(const Keys& keys, std::size_t, const Timeout& timeout, std::vector<Hit>& hits) override {
        insist_on_waiting(timeout, deadline_of(timeout), [&](const Timeout& left) { return sys::poll(row_, left); });
        for (const pollfd& entry : row_) {
            if (entry.revents == 0) continue;
            KeyBase& key = *keys[static_cast<std::size_t>(entry.fd)];
            if (Ready got = ready_of(static_cast<unsigned short>(entry.revents), POLLIN, POLLOUT, key.events());
                got != Ready::none)
                hits.push_back({&key, got});
        }
        return hits;
    }

private:
    std::vector<pollfd> row_;
    std::vector<std::size_t> places_;  // by descriptor
};

}  // namespace

std::unique_ptr<Backend> make_poll_backend() { return std::make_unique<PollBackend>(); }

}  // namespace bight::selectors
