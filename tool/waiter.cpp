// SPDX-License-Identifier: BSL-1.0
#include "waiter.h"

#include <bight/select.h>

#include <array>
#include <cstddef>
#include <vector>

#include <sys/select.h>

namespace bight::tool {
namespace {

class SelectWaiter final : public Waiter {
public:
    void watch(Source& source, Ready events) override {
        auto& entry = entries_.at(static_cast<std::size_t>(source.fileno()));
        entry = {events == Ready::none ? nullptr : &source, events};
    }

    std::span<const Event> wait(Timeout timeout) override {
        std::vector<FileLike> readers, writers;
        for (std::size_t fd = 0; fd < entries_.size(); ++fd) {
            if (has(entries_[fd].ready, Ready::read)) readers.emplace_back(static_cast<int>(fd));
            if (has(entries_[fd].ready, Ready::write)) writers.emplace_back(static_cast<int>(fd));
        }
        auto ready = select::select(readers, writers, {}, timeout);
        // One event a source: what answers the first of two may end it.
        std::array<Ready, FD_SETSIZE> got{};
        for (int fd : ready.readable) got[static_cast<std::size_t>(fd)] = Ready::read;
        for (int fd : ready.writable)
            got[static_cast<std::size_t>(fd)] = got[static_cast<std::size_t>(fd)] | Ready::write;
        events_.clear();
        for (std::size_t fd = 0; fd < got.size(); ++fd)
            if (got[fd] != Ready::none) events_.push_back({entries_[fd].source, got[fd]});
        return events_;
    }

    bool takes(int fd) const noexcept override { return fd < FD_SETSIZE; }

private:
    std::vector<Event> entries_ = std::vector<Event>(FD_SETSIZE, {nullptr, Ready::none});  // by descriptor
    std::vector<Event> events_;
};

class SelectorWaiter final : public Waiter {
public:
    explicit SelectorWaiter(selectors::Method method) : selector_(method) {}

    void watch(Source& source, Ready events) override {
        bool known = selector_.contains(source);
        if (events == Ready::none) {
            if (known) selector_.remove(source);
        } else if (known) {
            selector_.modify(source, events);
        } else {
            selector_.add(source, events, &source);
        }
    }

    std::span<const Event> wait(Timeout timeout) override {
        events_.clear();
        for (auto& [key, ready] : selector_.select(timeout)) events_.push_back({key->data, ready});
        return events_;
    }

    bool takes(int) const noexcept override { return true; }

private:
    Selector<Source*> selector_;
    std::vector<Event> events_;
};

}  // namespace

std::unique_ptr<Waiter> make_select_waiter() { return std::make_unique<SelectWaiter>(); }

std::unique_ptr<Waiter> make_selector_waiter(selectors::Method method) {
    return std::make_unique<SelectorWaiter>(method);
}

}  // namespace bight::tool
