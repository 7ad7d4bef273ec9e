// SPDX-License-Identifier: BSL-1.0
#include "asyncio/resolve.h"

#include <bight/asyncio/resolver.h>
#include <bight/asyncio/threads.h>
#include <bight/asyncio/timeouts.h>
#include <bight/resolver_pool.h>

#include "asyncio/loop_state.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bight::asyncio {
namespace detail {
namespace {

/// Waits for a look-up in the loop's pool.
struct LookupWait : QueuedWaiter {
    LookupWait(Loop& running, std::optional<std::string_view> name, const socket::Service& port,
               const socket::AddrInfoOptions& how)
        : QueuedWaiter(&end), loop(running), host(name), service(port), options(how) {}

    static void end(Waiter& waiter) noexcept {
        auto& wait = static_cast<LookupWait&>(waiter);
        if (wait.was_cancelled) return;
        wait.was_cancelled = true;
        // After this the notice is not given any more; where it was before, the wait's end is in the loop's hands already.
        wait.lookup->cancel();
        if (!wait.told.exchange(true)) wait.loop.ready.push(wait);
    }

    static void notice(void* context) noexcept {
        auto& wait = *static_cast<LookupWait*>(context);
        if (!wait.told.exchange(true)) wait.loop.post(wait);
    }

    bool await_ready() noexcept {
        was_cancelled = is_cancelled(loop);
        return was_cancelled;
    }
    void await_suspend(detail::TaskCoroutine coroutine) {
        // First what may raise: then nobody waits. The notice only posts, so it cannot be too soon.
        lookup.emplace(loop.resolver().getaddrinfo(host, service, options, {&notice, this}));
        suspend(coroutine);
    }
    std::vector<socket::AddrInfo> await_resume() {
        if (was_cancelled) raise_cancelled();
        return lookup->get();
    }

    Loop& loop;
    std::optional<std::string_view> host;
    const socket::Service& service;
    const socket::AddrInfoOptions& options;
    std::optional<socket::Lookup> lookup;
    std::atomic<bool> told{false};
    bool was_cancelled = false;
};

/// What an engine with names of its own says, when it says it.
Task<std::vector<Address>> answer(engine::Resolved known, std::string who) {
    if (known.after > Duration::zero()) co_await sleep(known.after);
    if (known.error != 0) throw GaiError(known.error, who);
    co_return std::move(known.addresses);
}

/// Unset for a service that has a name.
std::optional<int> number_of(const socket::Service& service) {
    if (!service.name()) return 0;
    const std::string& text = *service.name();
    int port = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

}  // namespace

Task<std::vector<Address>> resolve(HostPort where) {
    if (const Address* address = where.address()) co_return std::vector<Address>{*address};
    Loop& loop = Loop::running();
    if (auto known = loop.engine->resolve(where)) co_return co_await answer(std::move(*known), where.to_string());
    std::string host(where.host());
    socket::Service service(where.port());
    socket::AddrInfoOptions options{.kind = Kind::stream};
    LookupWait lookup(loop, host, service, options);
    auto found = co_await lookup;
    std::vector<Address> addresses;
    for (auto& info : found) addresses.push_back(info.address);
    co_return addresses;
}

}  // namespace detail

Task<std::vector<socket::AddrInfo>> getaddrinfo(std::optional<std::string> host, socket::Service service,
                                                socket::AddrInfoOptions options) {
    auto& loop = detail::Loop::running();
    if (auto port = detail::number_of(service); host && port) {
        if (auto known = loop.engine->resolve(HostPort(*host, *port))) {
            auto addresses = co_await detail::answer(std::move(*known), *host);
            std::vector<socket::AddrInfo> found;
            for (auto& address : addresses)
                found.push_back({address.family(), options.kind, options.proto, std::string(), address});
            co_return found;
        }
    }
    std::optional<std::string_view> name;
    if (host) name = *host;
    detail::LookupWait lookup(loop, name, service, options);
    co_return co_await lookup;
}

Task<socket::NameInfo> getnameinfo(Address address, int flags) {
    auto ask = [address, flags] { return socket::getnameinfo(address, flags); };
    return to_thread(ask);
}

}  // namespace bight::asyncio
