// SPDX-License-Identifier: BSL-1.0
// This file, cli_files.cpp and cli_ip.cpp alone include CLI11, which is slow to compile.
#include "cli.h"

#include "bench.h"
#include "cli_files.h"
#include "cli_ip.h"
#include "doctor.h"
#include "exit_code.h"
#include "nc.h"
#include "ps.h"
#include "quantity.h"
#include "resolve.h"
#include "serve.h"
#include "talk.h"
#include "version.h"
#include "wait.h"

#include <CLI/CLI.hpp>

#include <bight/error.h>

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <limits>
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
a host it is the loopback, and port 0 is a free one. A socket that was open
before is systemd:NAME, fd:N, or stdio: for inetd's (wait and nowait); with
NOTIFY_SOCKET the service manager is told of READY and STOPPING. SIGTERM or
SIGINT lets live connections finish (exit 0 if they did), a second one ends at
once.

WHAT is echo, discard, chargen, daytime (RFC 862 to 867), rfc868 for the time
as a number, or time, which sends each line back with the time in front. Over
datagrams chargen answers with no more than it was asked with, and none of them
answers the port of such a service: they cannot be used to flood others.

With --proxy-protocol each connection begins with a header, version 1 or 2, of a
proxy that --trust names: bight serve echo --listen tcp:0.0.0.0:7
--proxy-protocol --trust 10.0.0.0/8,192.0.2.7. Others are turned away.

With --handover PATH, a second serve with the same PATH takes the sockets of
the first, which then drains: no connection is refused or lost, and the ports
stay. What is --listen'ed to by the same text goes over, all else is new.

Styles: iterative serves one client after the other; thread and fork give each
a thread or a process, pool and prefork a share of some threads or processes, of
which each endpoint has its own; select, poll, epoll and selectors serve all in
one loop. With fork, 40 clients or --max-conn are served at once, more wait for
their turn, and no peer has a limit of its own. --threads, --queue and, with
prefork, --workers are of each endpoint. So are, with fork and prefork,
--max-conn and what a peer may have; else these hold for all endpoints together.
The workers of async take from the same listeners: at the end it says how many
connections each has accepted.
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

constexpr const char* wait_help = R"(Wait until somebody accepts connections, and then run a command.

  bight wait tcp:127.0.0.1:5432
  bight wait db:5432 unix:/run/x --timeout 30s -- ./serve --now

Tries again, after pauses from 20ms to 1s, until each ENDPOINT has accepted
once. CMD then takes the place of this process. A name that is unknown ends it
at once, for one whose server does not answer it waits.

Exit codes: 6 unknown name, 7 not connected for another reason than that nobody
is there yet, 28 timed out; of CMD, 127 not found and 126 not run.
)";

constexpr const char* bench_help = R"(Measure an echo service: how many requests a second, and how long each takes.

  bight bench tcp:127.0.0.1:7
  bight bench unix:/run/echo -c 1000 -s 16k -t 30s --json
  bight bench udp:127.0.0.1:7 --rate 5000

Each of -c connections sends -s bytes, waits until they have come back, checks
them, and goes on; with -d it has as many requests under way. With --rate all of
them together send so many a second, but have no more than -c times -d under way:
each counts from when it was due, however late it was sent, and those that were
due and not answered at the end, or not even sent, count with the time until
then. A datagram without an answer for 1s is lost, and counts with that time.

Exit code 1 where a connection broke, or something else came back; 7: not
connected. One processor does it.
)";

constexpr const char* ps_help = R"(Show what the tasks of running programs of bight's wait for.

  bight ps 4711
  bight ps $(pgrep -f 'bight serve')

For each loop of each PID: the engine, and a tree of its tasks, each below the
one that began it. Only of programs of the same user (or by root), in the same
network and process namespaces, that allow it: bight serve --style async does
but for --no-ps, others with LoopOptions::observable, or with BIGHT_PS=1 in
their environment. While a loop lists its tasks, it does nothing else.

Exit codes: 1 nothing to be asked there, not permitted, or no whole answer;
28 a loop that is held up, or that nobody runs, and so does not answer.
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

const std::map<std::string, Service> services{{"echo", Service::echo},       {"discard", Service::discard},
                                              {"time", Service::time},       {"daytime", Service::daytime},
                                              {"chargen", Service::chargen}, {"rfc868", Service::rfc868}};
const std::map<std::string, int> proxy_versions{{"v1", 1}, {"v2", 2}};
const std::map<std::string, Style> styles{
    {"iterative", Style::iterative}, {"thread", Style::thread}, {"pool", Style::pool}, {"fork", Style::fork},
    {"prefork", Style::prefork},     {"select", Style::select}, {"poll", Style::poll}, {"epoll", Style::epoll},
    {"selectors", Style::selectors}, {"async", Style::async}};

const std::map<std::string, asyncio::EngineChoice> engines{{"auto", asyncio::EngineChoice::automatic},
                                                           {"uring", asyncio::EngineChoice::uring},
                                                           {"epoll", asyncio::EngineChoice::epoll}};

const std::map<std::string, socketserver::WhenFull> when_full{{"wait", socketserver::WhenFull::wait},
                                                              {"refuse", socketserver::WhenFull::refuse},
                                                              {"shed", socketserver::WhenFull::shed}};

/// One of the names of `values`, and nothing else.
template <class Value, class Target>
auto one_of(const std::map<std::string, Value>& values, Target& target) {
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
        add_wait();
        add_bench();
        add_ps();
        add_doctor();
        add_ip(app_, ip_, action_);
        add_files(app_, send_, recv_, action_);
        add_help();
    }

    int run(int argc, char** argv) {
        try {
            auto arguments = arguments_of(argc, argv);
            prepare_ip(arguments, ip_);
            take_command(arguments);
            if (!arguments.empty() && arguments.front() == "send") guard_brackets(arguments);
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
        command->add_option("--handover", serve_.handover, "Takes over from the serve that waits here, and waits here")
            ->type_name("PATH");
        command->add_flag_callback(
            "--no-limits", [this] { serve_.limits = false; },
            "Any number of connections, as many descriptors as allowed");
        add_count(*command, "--max-conn", "Connections at most (0.8 x the limit of descriptors)", serve_.max_conn);
        add_count(*command, "--threads", "Of --style pool (256)", serve_.threads);
        add_count(*command, "--workers", "Processes of prefork (one for each processor), threads of async (1)",
                  serve_.workers);
        add_count(*command, "--max-requests", "Of --style prefork: after so many a worker is replaced (never)",
                  serve_.max_requests);
        add_count(*command, "--queue", "Clients that wait: for a thread (1024), for a worker with shed (128)",
                  serve_.queue);
        command
            ->add_option_function<std::string>("--when-full", one_of(when_full, serve_.when_full),
                                               "What becomes of who finds no place in pool or prefork (wait)")
            ->check(names_of(when_full));
        command->add_option_function<std::string>("--engine", one_of(engines, serve_.engine), "Of --style async (auto)")
            ->check(names_of(engines));
        command->add_flag_callback(
            "--no-ps", [this] { serve_.observable = false; }, "Of --style async: `bight ps` is told nothing");
        add_time(*command, "--lifetime", "In pool and prefork: ends a connection that is so old (never)",
                 serve_.lifetime);
        auto* trust = command->add_option_function<std::string>(
            "--trust", [this](const std::string& text) { serve_.proxies = parse_proxies(text); },
            "The proxies: networks between commas; unix for whoever comes so");
        auto* proxied = command->add_flag("--proxy-protocol", proxied_,
                                          "Connections begin with a header that names the client");
        trust->type_name("NET[,NET]")->needs(proxied);
        proxied->needs(trust);
        add_time(*command, "--idle", "Ends a connection silent for so long (120s of time, else never)", serve_.idle);
        add_time(*command, "--first-message", "Of time: until the first line is whole (30s)", serve_.first_message);
        add_size(*command, "--min-rate", "Of time: bytes a second of a line that has begun (100)", serve_.min_rate);
        add_time(*command, "--rate-grace", "Of time: how long no rate is asked for (10s)", serve_.rate_grace);
        add_size(*command, "--max-message", "Of time: the longest line (64k)", serve_.max_message);
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
        command
            ->add_option_function<std::string>("--proxy-protocol", one_of(proxy_versions, nc_.proxy_protocol),
                                               "Says who it is, as a proxy does")
            ->check(names_of(proxy_versions))
            ->type_name("v1|v2");
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

    void add_wait() {
        auto* command = add("wait", wait_help, [this] { return run_wait(wait_); });
        command->add_option("ENDPOINT", wait_.where, "tcp:HOST:PORT, unix:PATH; may be several")->required();
        add_time(*command, "--timeout", "For all of them together (none)", wait_.timeout);
        command->add_flag("--json", wait_.json, "One JSON object a line");
    }

    /// What stands behind `--` is the command's own, options and all.
    void take_command(std::vector<std::string>& arguments) {
        if (arguments.empty() || arguments.front() != "wait") return;
        auto dashes = std::ranges::find(arguments, "--");
        if (dashes == arguments.end()) return;
        wait_.command.assign(dashes + 1, arguments.end());
        if (wait_.command.empty()) throw CLI::RequiredError("a command behind --");
        arguments.erase(dashes, arguments.end());
    }

    void add_bench() {
        auto* command = add("bench", bench_help, [this] { return run_bench(bench_); });
        command->add_option("ENDPOINT", bench_.where, "tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, unixgram:PATH")
            ->required();
        add_count(*command, "-c,--connections", "Connections, or ports of datagrams (50)", bench_.connections);
        add_size(*command, "-s,--size", "Of a request (64)", bench_.size);
        add_count(*command, "-d,--depth", "Requests under way at once on a connection (1)", bench_.depth);
        add_time(*command, "-t,--time", "How long (10s)", bench_.time);
        add_count(*command, "--rate", "Requests a second, of all together (as many as there are answers)", bench_.rate);
        command->add_option_function<std::string>("--engine", one_of(engines, bench_.engine), "(auto)")
            ->check(names_of(engines));
        command->add_flag("--json", bench_.json, "One JSON object");
    }

    void add_ps() {
        auto* command = add("ps", ps_help, [this] { return run_ps(ps_); });
        command->add_option("PID", ps_.pids, "The process; may be several")
            ->required()
            ->check(CLI::Range(1, std::numeric_limits<int>::max()));
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

    template <class Target>
    static void add_size(CLI::App& command, const char* name, const char* help, Target& target) {
        command
            .add_option_function<std::string>(
                name, [&](const std::string& text) { target = parse_size(text); }, help)
            ->type_name("SIZE");
    }

    template <class Target>
    static void add_count(CLI::App& command, const char* name, const char* help, Target& target) {
        command
            .add_option_function<std::string>(
                name, [&](const std::string& text) { target = parse_count(text); }, help)
            ->type_name("N");
    }

    static std::size_t parse_buffer(const std::string& text) {
        auto size = parse_size(text);
        if (size == 0 || size > (std::size_t{1} << 30)) throw ValueError("--buffer takes 1 to 1G");
        return size;
    }

    CLI::App app_{app_help};
    ServeOptions serve_;
    bool proxied_ = false;  // what --trust is for, said aloud
    NcOptions nc_;
    ResolveOptions resolve_;
    WaitOptions wait_;
    BenchOptions bench_;
    PsOptions ps_;
    DoctorOptions doctor_;
    IpOptions ip_;
    SendOptions send_;
    RecvOptions recv_;
    Action action_;
};

}  // namespace

int run_command_line(int argc, char** argv) { return CommandLine().run(argc, argv); }

}  // namespace bight::tool
