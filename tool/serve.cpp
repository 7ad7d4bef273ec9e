// SPDX-License-Identifier: BSL-1.0
#include "serve.h"

#include "exit_code.h"
#include "listen.h"
#include "serve_styles.h"
#include "talk.h"

#include <bight/error.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

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

void announce(const std::vector<Endpoint>& endpoints, const std::string& port_file) {
    std::string lines, names;
    for (auto& endpoint : endpoints) {
        lines += "listening on " + endpoint.to_string() + '\n';
        names += short_name(endpoint) + '\n';
    }
    if (!port_file.empty()) write_whole(port_file, names);
    print(lines);
}

}  // namespace

std::unique_ptr<StyleServer> make_server(Style style, const std::vector<Endpoint>& endpoints, ServeContext& context) {
    switch (style) {
        case Style::iterative:
        case Style::thread:
        case Style::pool:
        case Style::fork: return make_blocking_server(style, endpoints, context);
        default: return make_loop_server(style, endpoints, context);
    }
}

int run_serve(const ServeOptions& options) {
    StopSignals signals;
    std::vector<Endpoint> endpoints;
    for (auto& text : options.listen) endpoints.push_back(parse_endpoint(text));
    auto limits = limits_of(options);
    if (options.style == Style::fork) limits = {};  // each child would count for itself: there are so many at most
    ServeContext context{options.service,   options.idle,   options.buffer,
                         Admission(limits), shared_tally(), max_children_of(options)};
    auto server = make_server(options.style, endpoints, context);
    announce(server->endpoints(), options.port_file);

    ServeEnd end = server->run(signals, options.drain);
    say(context.tally.to_string());
    if (end.drained && end.signal != 0) return exit_code::ok;
    // Threads of clients that were not waited for still use what the destructors would take from them.
    server->remove_paths();
    std::_Exit(end.signal ? exit_code::signalled + end.signal : exit_code::no);
}

}  // namespace bight::tool
