// SPDX-License-Identifier: BSL-1.0
// This file and cli_ip.cpp alone include CLI11, which is slow to compile.
#include "cli.h"

#include "cli_ip.h"
#include "doctor.h"
#include "exit_code.h"
#include "nc.h"
#include "quantity.h"
#include "resolve.h"
#include "serve.h"
#include "talk.h"
#include "version.h"

#include <CLI/CLI.hpp>

#include <bight/error.h>

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bight::tool {
namespace {

/// What a subcommand does once its options are read.
using Action = std::function<int()>;

constexpr const char* serve_help = R"(Serve an old and simple service, in many styles.

  bight serve echo --listen tcp:7
  bight serve time --listen tcp:[::1]:0 --listen unix:/run/time --style thread
  bight serve discard --listen udp:0 --style select --no-limits

Says "listening on ENDPOINT" on standard output once it accepts. ENDPOINT is
tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, unix:@NAME or unixgram:PATH; without
a host it is the loopback, and port 0 is a free one. SIGTERM or SIGINT lets
live connections finish (exit 0 if they did), a second one ends at once.

Styles: iterative serves one client after the other; thread and fork give each
a thread or a process, pool a share of 256 threads; select, poll, epoll and
selectors serve all in one loop. With fork, 40 clients or --max-conn are served
at once, more wait for their turn, and no peer has a limit of its own.
)";

constexpr const char* nc_help = R"(Connect standard input and output to the network.

  bight nc 127.0.0.1 7                     bight nc unix:/run/x
  bight nc -l tcp:127.0.0.1:9000 > file    bight nc -u 127.0.0.1 53

The end of standard input half-closes; then it waits for the peer's end. After
the peer's end standard input goes on until it ends, unless it is a terminal.
Datagrams (-u): each read of standard input is one; standard output gets the
answers; it ends once nothing has come for --timeout, which is 1s after the end
of standard input unless told otherwise. With -l, answers go to the last peer.

  bight nc -l -u 239.1.2.3 5000 --interface eth0    joins the group, and prints
  bight nc -u 239.1.2.3 5000 --ttl 4 --no-loop      sends to it
  bight nc -p 5001 -x dump.txt 127.0.0.1 5000       > sent, < received

Exit codes: 6 unknown name, 7 not connected, 28 timed out, 56 reset.
)";

constexpr const char* resolve_help = R"(Tell the addresses of a name, in the order in which they would be tried.

  bight resolve localhost
  bight resolve example.org https -6 --json
  bight resolve --reverse 127.0.0.1

A line for each: its place, family, address and scope, which is any, loopback,
link, private, multicast or global. Exit code 6: unknown.
)";

constexpr const char* doctor_help = R"(Say what this machine offers: kernel, limits, io_uring, IPv6.

  bight doctor
  bight doctor --json | python3 -m json.tool
)";

constexpr const char* app_help = R"(Python's networking stack, on the command line.

  bight serve echo --listen tcp:7000
  bight nc 127.0.0.1 7000
  bight ip info 10.1.2.3
  bight help nc
)";

const std::map<std::string, Service> services{
    {"echo", Service::echo}, {"discard", Service::discard}, {"time", Service::time}};
const std::map<std::string, Style> styles{{"iterative", Style::iterative}, {"thread", Style::thread},
                                          {"pool", Style::pool},           {"fork", Style::fork},
                                          {"select", Style::select},       {"poll", Style::poll},
                                          {"epoll", Style::epoll},         {"selectors", Style::selectors}};

/// One of the names of `values`, and nothing else.
template <class Value>
auto one_of(const std::map<std::string, Value>& values, Value& target) {
    return [&values, &target](const std::string& name) { target = values.at(name); };
}

template <class Value>
CLI::IsMember names_of(const std::map<std::string, Value>& values) {
    std::vector<std::string> names;
    for (auto& [name, value] : values) names.push_back(name);
    return CLI::IsMember(names);
}

/// CLI11's, but the list of subcommands shows the first line of each, for the rest is long.
class Formatter : public CLI::Formatter {
    std::string make_subcommand(const CLI::App* command) const override {
        auto text = command->get_description();
        return fmt::format("  {:<10}{}\n", command->get_name(), text.substr(0, text.find('\n')));
    }
};

/// The subcommands, each with the options that it fills.
class CommandLine {
public:
    CommandLine() {
        app_.name("bight");
        app_.formatter(std::make_shared<Formatter>());
        app_.set_version_flag("--version", "bight " + version() + " (" + compiler() + ")");
        app_.require_subcommand(1);
        add_serve();
        add_nc();
        add_resolve();
        add_doctor();
        add_ip(app_, ip_, action_);
        add_help();
    }

    int run(int argc, char** argv) {
        try {
            auto arguments = arguments_of(argc, argv);
            prepare_ip(arguments, ip_);
            std::ranges::reverse(arguments);  // CLI11 takes the last one first
            app_.parse(std::move(arguments));
        } catch (const CLI::CallForHelp&) {
            return show_help();
        } catch (const CLI::CallForVersion& wanted) {
            print(std::string(wanted.what()) + '\n');
            return exit_code::ok;
        } catch (const CLI::ParseError& error) {
            say(error.what(), " (bight --help, or bight COMMAND --help, tells more)");
            return exit_code::usage;
        }
        return action_();
    }

private:
    CLI::App* add(const char* name, const char* help, const Action& action) {
        auto* command = app_.add_subcommand(name, help);
        command->callback([this, action] { action_ = action; });
        return command;
    }

    int show_help() {
        if (auto unknown = app_.remaining(); !unknown.empty()) {
            say("there is no command '" + unknown.front() + "'");
            return exit_code::usage;
        }
        print(app_.help());
        return exit_code::ok;
    }

    void add_serve() {
        auto* command = add("serve", serve_help, [this] { return run_serve(serve_); });
        command->add_option_function<std::string>("WHAT", one_of(services, serve_.service), "The service")
            ->required()
            ->check(names_of(services));
        command->add_option("--listen", serve_.listen, "Where; may be given more than once")
            ->required()
            ->allow_extra_args(false)
            ->type_name("ENDPOINT");
        command->add_option_function<std::string>("--style", one_of(styles, serve_.style), "How (selectors)")
            ->check(names_of(styles));
        command->add_option("--port-file", serve_.port_file, "Holds the port or path, a line each, once it accepts")
            ->type_name("FILE");
        command->add_flag_callback(
            "--no-limits", [this] { serve_.limits = false; },
            "Any number of connections, as many descriptors as allowed");
        command
            ->add_option_function<std::string>(
                "--max-conn", [this](const std::string& text) { serve_.max_conn = parse_count(text); },
                "Connections at most (0.8 x the limit of descriptors)")
            ->type_name("N");
        add_time(*command, "--idle", "Ends a connection that was silent for so long (never)", serve_.idle);
        add_time(*command, "--drain", "How long live connections may take to finish at the end (30s)", serve_.drain);
        command
            ->add_option_function<std::string>(
                "--buffer", [this](const std::string& text) { serve_.buffer = parse_buffer(text); },
                "Kept for a client that does not read (64k)")
            ->type_name("SIZE");
    }

    void add_nc() {
        auto* command = add("nc", nc_help, [this] { return run_nc(nc_); });
        // Each a text of its own, for CLI11 takes "[::1]" apart where there may be several.
        auto add_where = [this](const std::string& text) { nc_.where.push_back(text); };
        command->add_option_function<std::string>("WHERE", add_where, "HOST, or an ENDPOINT")->required();
        command->add_option_function<std::string>("PORT", add_where, "The port, behind a HOST");
        command->add_flag("-l,--listen", nc_.listen, "Wait for a connection instead");
        command->add_flag("-k,--keep", nc_.keep, "With -l: one connection after the other");
        command->add_flag("-u,--udp", nc_.udp, "Datagrams");
        command->add_flag("-U,--unix", nc_.unix_socket, "WHERE is a path, or @NAME");
        add_time(*command, "--timeout", "To connect, and for silence afterwards (none)", nc_.timeout);
        command->add_option("-s,--source", nc_.source, "Connects from this host, or path")->type_name("HOST|PATH");
        command->add_option("-p,--source-port", nc_.source_port, "Connects from this port")->type_name("PORT");
        command->add_option("-x,--hex-dump", nc_.hex_dump, "Writes all that goes either way to this file as well")
            ->type_name("FILE");
        command->add_option("--interface", nc_.interface, "Of a group: joined, or left by, there")
            ->type_name("NAME|ADDRESS");
        command->add_option("--ttl", nc_.ttl, "Hops for what goes to a group (1)")->type_name("N");
        command->add_flag("--no-loop", nc_.no_loop, "This machine's own members of a group hear nothing");
    }

    void add_resolve() {
        auto* command = add("resolve", resolve_help, [this] { return run_resolve(resolve_); });
        command->add_option("NAME", resolve_.name, "A name or an address")->required();
        command->add_option("SERVICE", resolve_.service, "A name or a port");
        command->add_flag("-4", resolve_.ipv4, "IPv4 only");
        command->add_flag("-6", resolve_.ipv6, "IPv6 only");
        command->add_flag("--reverse", resolve_.reverse, "From an address to its name");
        command->add_flag("--json", resolve_.json, "One JSON object a line");
    }

    void add_doctor() {
        auto* command = add("doctor", doctor_help, [this] { return run_doctor(doctor_); });
        command->add_flag("--json", doctor_.json, "One JSON object");
    }

    /// `bight help COMMAND` is `bight COMMAND --help`; this one is here to be listed.
    void add_help() { app_.add_subcommand("help", "Tell how a command is used."); }

    static std::vector<std::string> arguments_of(int argc, char** argv) {
        std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
        if (!arguments.empty() && arguments.front() == "help") {
            arguments.erase(arguments.begin());
            arguments.emplace_back("--help");
        }
        return arguments;
    }

    template <class Target>
    static void add_time(CLI::App& command, const char* name, const char* help, Target& target) {
        command
            .add_option_function<std::string>(
                name, [&](const std::string& text) { target = parse_duration(text); }, help)
            ->type_name("TIME");
    }

    static std::size_t parse_buffer(const std::string& text) {
        auto size = parse_size(text);
        if (size == 0 || size > (std::size_t{1} << 30)) throw ValueError("--buffer takes 1 to 1G");
        return size;
    }

    CLI::App app_{app_help};
    ServeOptions serve_;
    NcOptions nc_;
    ResolveOptions resolve_;
    DoctorOptions doctor_;
    IpOptions ip_;
    Action action_;
};

}  // namespace

int run_command_line(int argc, char** argv) { return CommandLine().run(argc, argv); }

}  // namespace bight::tool
