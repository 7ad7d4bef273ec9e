// SPDX-License-Identifier: BSL-1.0
#include <bight/selectors.h>

#include "blocking/selector_backend.h"

#include <memory>
#include <string_view>
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

[[noreturn]] void raise_unknown(FileLike file) {
    if (file.fileno() < 0) throw ValueError("Invalid file descriptor: " + std::to_string(file.fileno()));
    throw KeyError("descriptor " + std::to_string(file.fileno()) + " is not registered");
}

/// Out of line: a select() that nothing was removed before is the ordinary one.
[[gnu::noinline]] void forget(Keys& removed) {
    std::exchange(removed, {}).clear();  // their data's destructors may come back here
}

[[noreturn]] void raise(Errno error, std::string_view call, int fd) {
    raise_os_error(error, std::string(call) + " descriptor " + std::to_string(fd));
}

/// The keys lie in a table by descriptor, which must not grow to a number that somebody made up.
constexpr std::size_t believable = 1 << 20;  // what the kernel gives a process, unless fs.nr_open was raised

void require_descriptor(int fd) {
    auto asked = sys::is_inheritable(fd);
    if (!asked) raise(asked.error(), "register", fd);
}

}  // namespace

BaseSelector::BaseSelector(Method method) : method_(method), backend_(make_backend(method)) {}
BaseSelector::~BaseSelector() = default;

BaseSelector::BaseSelector(BaseSelector&& other) noexcept
    : method_(other.method_),
      backend_(std::move(other.backend_)),
      keys_(std::move(other.keys_)),
      size_(std::exchange(other.size_, 0)),
      last_generation_(other.last_generation_),
      removed_(std::move(other.removed_)),
      closed_keys_(std::move(other.closed_keys_)),
      hits_(std::move(other.hits_)) {}

BaseSelector& BaseSelector::operator=(BaseSelector&& other) noexcept {
    if (this == &other) return *this;
    std::destroy_at(this);
    std::construct_at(this, std::move(other));
    return *this;
}

bool BaseSelector::closed() const noexcept { return !backend_ || backend_->closed(); }

void BaseSelector::require_open(const char* call) const {
    if (closed()) throw ClosedError(call);
}

void BaseSelector::close() noexcept {
    if (closed()) return;
    // Called from a callback, perhaps, or from the wait itself: so neither the keys nor the backend are gone at once.
    backend_->close();
    closed_keys_.swap(keys_);
    size_ = 0;
}

int BaseSelector::fileno() const {
    require_open("fileno");
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
            if (key && key->fileobj() == file.object()) return &key;
    return nullptr;
}

std::shared_ptr<KeyBase> BaseSelector::find(FileLike file) const {
    require_open("get_key");
    if (auto found = lookup(file)) return *found;
    raise_unknown(file);
}

void BaseSelector::insert(FileLike file, Ready events, std::shared_ptr<KeyBase> key) {
    require_events(events);
    require_open("add");
    if (file.fileno() < 0) throw ValueError("Invalid file descriptor: " + std::to_string(file.fileno()));
    if (lookup(file)) throw KeyError("descriptor " + std::to_string(file.fileno()) + " is registered already");
    auto index = static_cast<std::size_t>(file.fileno());
    if (index >= keys_.size()) {
        if (index >= believable) require_descriptor(file.fileno());
        keys_.resize(index + 1);
    }
    key->fileobj_ = file.object();
    key->fd_ = file.fileno();
    key->events_ = events;
    key->generation_ = ++last_generation_;
    if (auto added = backend_->add(*key); !added) raise(added.error(), "register", file.fileno());
    keys_[index] = std::move(key);
    ++size_;
}

void BaseSelector::change(KeyBase& key, Ready events) {
    require_events(events);
    if (key.events_ == events) return;
    if (auto changed = backend_->modify(key, events); !changed) {
        erase(key.fd_);
        raise(changed.error(), "modify", key.fd_);
    }
    key.events_ = events;
}

/// The same registration, so the same generation: the kernel is not told.
void BaseSelector::replace(KeyBase& key, Ready events, std::shared_ptr<KeyBase> replacement) {
    change(key, events);
    *replacement = key;
    auto& place = keys_[static_cast<std::size_t>(key.fd_)];
    removed_.push_back(place);
    place = std::move(replacement);
}

std::shared_ptr<KeyBase> BaseSelector::erase(FileLike file) {
    require_open("remove");
    auto found = lookup(file);
    if (!found) raise_unknown(file);
    auto key = take_out(**found);
    backend_->remove(*key);
    return key;
}

std::shared_ptr<KeyBase> BaseSelector::erase(const KeyBase& key, bool is_closed) {
    require_open("remove");
    auto found = lookup(key.fd_);
    if (!found || found->get() != &key) raise_unknown(key.fd_);
    auto removed = take_out(key);
    is_closed ? backend_->forget(*removed) : backend_->remove(*removed);
    return removed;
}

std::shared_ptr<KeyBase> BaseSelector::take_out(const KeyBase& key) {
    auto& place = keys_[static_cast<std::size_t>(key.fd_)];
    removed_.push_back(place);
    --size_;
    return std::move(place);
}

std::vector<std::shared_ptr<KeyBase>> BaseSelector::all() const {
    std::vector<std::shared_ptr<KeyBase>> present;
    for (const auto& key : keys_)
        if (key) present.push_back(key);
    return present;
}

// ---- Waiting. ----------------------------------------------------------------------------------------------------------

std::span<const Hit> BaseSelector::wait(const Timeout& timeout) {
    if (!removed_.empty()) [[unlikely]]
        forget(removed_);
    if (closed()) [[unlikely]]
        throw ClosedError("select");
    hits_.clear();
    return backend_->wait(keys_, size_, timeout, hits_);
}

}  // namespace bight::selectors
