// SPDX-License-Identifier: BSL-1.0
#include "engine/choose.h"

#include <bight/error.h>

#include "engine/epoll/engine.h"
#include "engine/uring/engine.h"
#include "sys/environment.h"

#include <cerrno>
#include <string_view>
#include <utility>

namespace bight::engine {
namespace {

constexpr const char* variable = "BIGHT_ENGINE";

struct Wanted {
    Choice choice;
    std::string reason;
};

Wanted wanted(Choice choice) {
    if (choice != Choice::automatic) return {choice, "asked for"};
    const char* value = sys::environment(variable);
    std::string_view text = value ? value : "auto";
    if (text.empty() || text == "auto") return {Choice::automatic, {}};
    std::string reason = std::string(variable) + "=" + std::string(text);
    if (text == "uring") return {Choice::uring, std::move(reason)};
    if (text == "epoll") return {Choice::epoll, std::move(reason)};
    throw ValueError(reason + " is no engine: auto, uring or epoll");
}

/// What says that there is no io_uring for us here, rather than that something has run out.
bool is_refusal(Errno error) noexcept {
    switch (error.number()) {
        case ENOSYS:
        case EPERM:
        case EACCES:
        case EINVAL:
        case EOPNOTSUPP: return true;
        default: return false;
    }
}

}  // namespace

Chosen choose(Choice choice, RunQueue& ready) {
    auto [engine, reason] = wanted(choice);
    if (engine != Choice::epoll) {
        auto uring = UringEngine::open(ready);
        if (uring) return {std::move(*uring), reason.empty() ? "io_uring is offered" : reason};
        if (engine == Choice::uring || !is_refusal(uring.error())) raise_os_error(uring.error(), "io_uring");
        reason = "io_uring is refused: " + uring.error().message();
    }
    auto epoll = EpollEngine::open(ready);
    if (!epoll) raise_os_error(epoll.error(), "epoll");
    return {std::move(*epoll), reason};
}

}  // namespace bight::engine
