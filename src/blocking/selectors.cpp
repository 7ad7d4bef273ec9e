// SPDX-License-Identifier: BSL-1.0
#include <bight/selectors.h>

#include "blocking/selector_backend.h"

#include <utility>

namespace bight::selectors {
namespace {

std::unique_ptr<Backend> make_backend(Method method) {
    switch (method) {
        case Method::poll: return make_poll_backend();
        case Method::select: return make_select_backend();
        case Method::epoll: break;
    }
    return make_epoll_backend();
}

void require_events(Ready events) {
    constexpr auto known = static_cast<unsigned>(Ready::read | Ready::write);
    auto bits = static_cast<unsigned>(events);
    if (bits == 0 || (bits & ~known) != 0) throw ValueError("Invalid events: " + std::to_string(bits));
}

std::string named(FileLike file) {
    return file.fileno() >= 0 ? "descriptor " + std::to_string(file.fileno()) : "an object without a descriptor";
}

/// Out of line: a select() that nothing was removed before is the ordinary one.
[[gnu::noinline]] void forget(Keys& removed) {
    std::exchange(removed, {}).clear();  // their data's destructors may come back here
}

[[noreturn]] void raise(Errno error, int fd) {
    raise_os_error(error.number(), "register descriptor " + std::to_string(fd));
}

}  // namespace

BaseSelector::BaseSelector(Method method) : method_(method), backend_(make_backend(method)) {}
BaseSelector::BaseSelector(BaseSelector&&) noexcept = default;
BaseSelector& BaseSelector::operator=(BaseSelector&&) noexcept = default;
BaseSelector::~BaseSelector() = default;

void BaseSelector::close() noexcept {
    backend_.reset();
    // The keys live on until the destructor, for close() may be called from one's callback.
    if (removed_.empty()) removed_.swap(keys_);
    keys_.clear();
    size_ = 0;
}

int BaseSelector::fileno() const {
    if (!backend_) throw ClosedError("fileno");
    if (backend_->fileno() < 0) throw ValueError("this selector has no descriptor; epoll has one");
    return backend_->fileno();
}

// ---- Registrations. ----------------------------------------------------------------------------------------------------

const std::shared_ptr<KeyBase>* BaseSelector::lookup(FileLike file) const noexcept {
    if (file.fileno() >= 0) {
        auto index = static_cast<std::size_t>(file.fileno());
        return index < keys_.size() && keys_[index] ? &keys_[index] : nullptr;
    }
    // The object was closed: it is known by where it stands.
    if (file.object())
        for (const auto& key : keys_)
            if (key && key->fileobj == file.object()) return &key;
    return nullptr;
}

std::shared_ptr<KeyBase> BaseSelector::find(FileLike file) const {
    if (!backend_) throw ClosedError("get_key");
    if (auto found = lookup(file)) return *found;
    throw KeyError(named(file) + " is not registered");
}

void BaseSelector::insert(FileLike file, Ready events, std::shared_ptr<KeyBase> key) {
    require_events(events);
    if (!backend_) throw ClosedError("add");
    if (file.fileno() < 0) throw ValueError("Invalid file descriptor: " + std::to_string(file.fileno()));
    if (lookup(file)) throw KeyError(named(file) + " is registered already");
    auto index = static_cast<std::size_t>(file.fileno());
    if (index >= keys_.size()) keys_.resize(index + 1);
    key->fileobj = file.object();
    key->fd = file.fileno();
    key->events = events;
    key->generation = ++last_generation_;
    if (auto added = backend_->add(*key); !added) raise(added.error(), file.fileno());
    keys_[index] = std::move(key);
    ++size_;
}

void BaseSelector::change(KeyBase& key, Ready events) {
    require_events(events);
    if (key.events == events) return;
    if (auto changed = backend_->modify(key, events); !changed) {
        erase(key.fd);
        raise(changed.error(), key.fd);
    }
    key.events = events;
}

std::shared_ptr<KeyBase> BaseSelector::erase(FileLike file) {
    if (!backend_) throw ClosedError("remove");
    auto found = lookup(file);
    if (!found) throw KeyError(named(file) + " is not registered");
    auto index = static_cast<std::size_t>((*found)->fd);
    removed_.push_back(*found);
    auto key = std::move(keys_[index]);
    --size_;
    backend_->remove(*key);
    return key;
}

std::vector<std::shared_ptr<KeyBase>> BaseSelector::all() const {
    std::vector<std::shared_ptr<KeyBase>> present;
    for (const auto& key : keys_)
        if (key) present.push_back(key);
    return present;
}

// ---- Waiting. ----------------------------------------------------------------------------------------------------------

std::span<const Hit> BaseSelector::wait(Timeout timeout) {
    if (!backend_) throw ClosedError("select");
    if (!removed_.empty()) [[unlikely]]
        forget(removed_);
    hits_.clear();
    return backend_->wait(keys_, size_, timeout, hits_);
}

}  // namespace bight::selectors
