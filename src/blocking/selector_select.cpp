// SPDX-License-Identifier: BSL-1.0
#include "blocking/fd_sets.h"
#include "blocking/selector_backend.h"

#include <algorithm>

namespace bight::selectors {
namespace {

class SelectBackend final : public Backend {
public:
    Result<void> add(const KeyBase& key) override {
        FdSet().add(key.fd());  // raises for what select(2) cannot take
        return modify(key, key.events());
    }

    Result<void> modify(const KeyBase& key, Ready events) override {
        remove(key);
        if (has(events, Ready::read)) readers_.add(key.fd());
        if (has(events, Ready::write)) writers_.add(key.fd());
        return {};
    }

    void remove(const KeyBase& key) noexcept override {
        readers_.remove(key.fd());
        writers_.remove(key.fd());
    }

    std::span<const Hit> wait(const Keys& keys, std::size_t, const Timeout& timeout, std::vector<Hit>& hits) override {
        FdSet readers, writers;
        int ready = insist(timeout, deadline_of(timeout), [&](const Timeout& left) {
            readers = readers_;  // select(2) writes over them
            writers = writers_;
            auto count = static_cast<int>(
                std::min<std::size_t>(keys.size(), FD_SETSIZE));  // a hook may have added some
            return sys::select(count, readers.get(), writers.get(), nullptr, left);
        });
        if (ready == 0) return hits;
        for (const auto& key : keys) {
            if (!key) continue;
            Ready got = (readers.has(key->fd()) ? Ready::read : Ready::none) |
                        (writers.has(key->fd()) ? Ready::write : Ready::none);
            if (got != Ready::none) hits.push_back({key.get(), got});
        }
        return hits;
    }

private:
    FdSet readers_, writers_;
};

}  // namespace

std::unique_ptr<Backend> make_select_backend() { return std::make_unique<SelectBackend>(); }

}  // namespace bight::selectors
