// SPDX-License-Identifier: BSL-1.0
#include "blocking/poll_set.h"
#include "blocking/selector_backend.h"

namespace bight::selectors {
namespace {

constexpr short poll_mask_of(Ready events) noexcept {
    return static_cast<short>((has(events, Ready::read) ? POLLIN : 0) | (has(events, Ready::write) ? POLLOUT : 0));
}

class PollBackend final : public Backend {
public:
    Result<void> add(const KeyBase& key) override {
        set_.set(key.fd(), poll_mask_of(key.events()));
        return {};
    }

    Result<void> modify(const KeyBase& key, Ready events) override {
        set_.change(key.fd(), poll_mask_of(events));
        return {};
    }

    void remove(const KeyBase& key) noexcept override { set_.remove(key.fd()); }

    std::span<const Hit> wait(const Keys& keys, std::size_t, const Timeout& timeout, std::vector<Hit>& hits) override {
        insist(timeout, deadline_of(timeout),
               [this](const Timeout& left) { return sys::poll(set_.without_gaps(), left); });
        for (const pollfd& entry : set_.row()) {
            if (entry.revents == 0) continue;
            KeyBase& key = *keys[static_cast<std::size_t>(entry.fd)];
            if (Ready got = ready_of(static_cast<unsigned short>(entry.revents), POLLIN, POLLOUT, key.events());
                got != Ready::none)
                hits.push_back({&key, got});
        }
        return hits;
    }

private:
    PollSet set_;
};

}  // namespace

std::unique_ptr<Backend> make_poll_backend() { return std::make_unique<PollBackend>(); }

}  // namespace bight::selectors
