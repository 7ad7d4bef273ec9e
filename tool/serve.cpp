// SPDX-License-Identifier: BSL-1.0
#include "serve.h"

#include "exit_code.h"
#include "hand_over.h"
#include "listen.h"
#include "serve_styles.h"
#include "talk.h"

#include <bight/error.h>
#include <bight/ipaddress.h>
#include <bight/systemd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <unistd.h>

namespace bight::tool {
namespace {

ConnectionLimits limits_of(const ServeOptions& options) {
    if (options.limits) return ConnectionLimits::defaults(options.max_conn);
    raise_descriptor_limit();
    return {.total = options.max_conn.value_or(ConnectionLimits::unlimited)};
}

std::size_t max_children_of(const ServeOptions& options) {
    constexpr std::size_t of_python = 40;
    return options.max_conn.value_or(options.limits ? of_python : ConnectionLimits::unlimited);
}

MessageLimits message_limits_of(const ServeOptions& options) {
    if (!Conversation::has_messages(options.service)) return MessageLimits::none();
    auto limits = options.limits ? MessageLimits() : MessageLimits::none();
    if (options.first_message) limits.first = options.first_message;
    limits.least_rate = options.min_rate.value_or(limits.least_rate);
    limits.rate_grace = options.rate_grace.value_or(limits.rate_grace);
    limits.longest = options.max_message.value_or(limits.longest);
    return limits;
}

/// Who has said one thing is waited for without end only where nobody knows what a thing is.
Timeout idle_limit_of(const ServeOptions& options) {
    if (options.idle || !options.limits || !Conversation::has_messages(options.service)) return options.idle;
    return std::chrono::seconds(120);
}

/// The port, or the path.
std::string short_name(const Endpoint& endpoint) {
    return is_unix(endpoint) ? endpoint.path : std::to_string(endpoint.port);
}

/// Under another name first, so that whoever finds the file finds all of it.
void write_whole(const std::string& path, const std::string& text) {
    auto unfinished = path + ".new";
    std::FILE* file = std::fopen(unfinished.c_str(), "we");
    if (!file) raise_os_error(errno, "open " + unfinished);
    bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    written = std::fclose(file) == 0 && written;
    if (written && std::rename(unfinished.c_str(), path.c_str()) == 0) return;
    int errnum = errno;
    std::remove(unfinished.c_str());
    raise_os_error(errnum, "write " + path);
}

void announce(const std::vector<ServerSocket>& sockets, const std::string& port_file) {
    std::string lines, names;
    for (auto& socket : sockets) {
        if (socket.role == inherited::Role::connection) continue;
        lines += "listening on " + socket.endpoint.to_string() + '\n';
        names += short_name(socket.endpoint) + '\n';
    }
    if (!port_file.empty()) write_whole(port_file, names);
    print(lines);
}

/// A manager that cannot be told is no reason to stop.
void tell_manager(const std::string& state) {
    try {
        systemd::notify(state);
    } catch (const std::exception& error) {
        complain(error);
    }
}

/// One that inetd has accepted has no style: it is served alone.
Style style_for(const std::vector<ServerSocket>& sockets, Style wanted, bool hands_over) {
    auto is_connection = [](const ServerSocket& socket) { return socket.role == inherited::Role::connection; };
    if (std::ranges::none_of(sockets, is_connection)) return wanted;
    if (std::ranges::all_of(sockets, is_connection) && !hands_over) return Style::selectors;
    throw ValueError("a connection that was accepted before is served alone");
}

/// An option of some styles, given with another, would do nothing.
void require_style(bool given, const char* option, Style style, std::initializer_list<Style> fit, const char* names) {
    if (given && std::ranges::find(fit, style) == fit.end())
        throw ValueError(std::string(option) + " is for --style " + names);
}

/// The same of an option about connections, where there are only datagrams.
void require_streams(bool given, const char* option, const ServeOptions& options) {
    auto has_datagrams = [](const std::string& text) { return is_datagram(parse_server_endpoint(text)); };
    if (given && std::ranges::all_of(options.listen, has_datagrams))
        throw ValueError(std::string(option) + " is for streams, and nobody listens for one");
}

void check(const ServeOptions& options) {
    using enum Style;
    require_style(options.threads.has_value(), "--threads", options.style, {pool}, "pool");
    require_style(options.workers.has_value(), "--workers", options.style, {prefork, async}, "prefork and async");
    require_style(options.engine.has_value(), "--engine", options.style, {async}, "async");
    require_style(!options.observable, "--no-ps", options.style, {async}, "async");
    require_style(options.max_requests.has_value(), "--max-requests", options.style, {prefork}, "prefork");
    require_style(options.queue.has_value(), "--queue", options.style, {pool, prefork}, "pool and prefork");
    require_style(options.when_full.has_value(), "--when-full", options.style, {pool, prefork}, "pool and prefork");
    require_style(options.lifetime.has_value(), "--lifetime", options.style, {pool, prefork}, "pool and prefork");
    if (options.queue && options.style == prefork && options.when_full != socketserver::WhenFull::shed)
        throw ValueError("--queue with --style prefork is for --when-full shed");
    require_streams(options.max_conn && options.style != fork, "--max-conn", options);
    require_streams(options.idle.has_value(), "--idle", options);
    require_streams(options.buffer != ServeOptions().buffer, "--buffer", options);
    bool about_messages = options.first_message || options.rate_grace || options.min_rate || options.max_message;
    if (about_messages && !Conversation::has_messages(options.service))
        throw ValueError("--first-message, --min-rate, --rate-grace and --max-message are for time, which reads lines");
}

}  // namespace

std::shared_ptr<const socketserver::TrustedProxies> parse_proxies(const std::string& text) {
    auto proxies = std::make_shared<socketserver::TrustedProxies>();
    for (std::string_view rest = text; !rest.empty();) {
        auto word = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
        if (word == "unix")
            proxies->unix_peers = true;
        else
            proxies->networks.add(ipaddress::ip_network(word));
    }
    return proxies;
}

std::unique_ptr<StyleServer> make_server(Style style, std::vector<ServerSocket>& sockets, ServeContext& context) {
    switch (style) {
        case Style::iterative:
        case Style::thread:
        case Style::pool:
        case Style::fork:
        case Style::prefork: return make_blocking_server(style, sockets, context);
        case Style::async: return make_async_server(sockets, context);
        default: return make_loop_server(style, sockets, context);
    }
}

int run_serve(const ServeOptions& options) {
    check(options);
    StopSignals signals;
    std::optional<HandOver> handover;
    if (!options.handover.empty()) handover.emplace(options.handover);
    auto sockets = open_server_sockets(options.listen, handover ? &*handover : nullptr);
    for (auto& socket : sockets)
        if (options.proxies && socket.role == inherited::Role::datagrams)
            throw ValueError("--proxy-protocol is for streams, and " + socket.endpoint.to_string() + " is none");
    auto style = style_for(sockets, options.style, handover.has_value());
    auto limits = limits_of(options);
    // Each process would count for itself: of a fork there are so many at most, and workers count together.
    if (style == Style::fork || style == Style::prefork) limits = {};
    ServeContext context{options,        options.service,   idle_limit_of(options), message_limits_of(options),
                         options.buffer, Admission(limits), shared_tally(),         max_children_of(options)};
    context.before_drain = [&] {
        context.tally.draining = true;
        if (handover) handover->stop();
        if (!context.is_handed_over()) tell_manager("STOPPING=1\nSTATUS=waiting for clients to finish");
    };
    context.is_handed_over = [&] { return handover && handover->is_over(); };
    context.in_child = [&] {
        if (int fd = handover ? handover->fileno() : -1; fd >= 0) ::close(fd);
    };
    auto server = make_server(style, sockets, context);
    announce(sockets, options.port_file);
    if (handover) handover->begin(sockets);
    tell_manager("MAINPID=" + std::to_string(::getpid()) + "\nREADY=1\nSTATUS=serving");

    ServeEnd end = server->run(signals, options.drain);
    say(context.tally.to_string());
    if (handover && handover->may_be_over())
        for (auto& socket : sockets)
            if (socket.path) socket.path->keep();  // a successor's
    if (end.drained) return exit_code::ok;
    // Threads of clients that were not waited for still use what the destructors would take from them.
    sockets.clear();
    std::_Exit(end.signal ? exit_code::signalled + end.signal : exit_code::no);
}

}  // namespace bight::tool
