// SPDX-License-Identifier: BSL-1.0
#include "cli_ip.h"

#include "exit_code.h"
#include "interruption.h"
#include "ip_input.h"
#include "quantity.h"
#include "talk.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string_view>

namespace bight::tool {
namespace {

constexpr const char* ip_help = R"(Ask about, combine and search IP addresses and networks.

  bight ip info 10.1.2.3 2001:db8::/32
  bight ip collapse networks.txt
  bight ip grep 10.0.0.0/8,fc00::/7 access.log

IPv4 and IPv6 may be mixed everywhere. Without words or files, and for "-", the
words of standard input are read: blanks between them, any number a line, '#'
begins a comment. Answers come as soon as their question was read. At a bad word
it ends, after the answers to those before it; SIGINT and SIGTERM do likewise.
Exit codes: 0 well, 1 the answer is no, 2 bad usage or input, 130, 143 signals.
)";

struct Command {
    const char* name;
    const char* help;
    const char* words;  // the name of its words, and what they are
    const char* about;
    int (*run)(const IpOptions&, OutputBuffer&);
    const char* takes;  // letters of further options: f -f, h --hosts, n --limit, l --loose, g those of grep
};

constexpr Command commands[] = {
    {"info", R"(Say what an address, network or interface is.

  bight ip info 192.168.1.7/24
  bight ip info --json ::ffff:10.0.0.1 | python3 -m json.tool
)",
     "WHAT", "Addresses, networks, interfaces", run_ip_info, ""},
    {"contains", R"(Say whether a network holds addresses, networks or ranges.

  bight ip contains 10.0.0.0/8 10.1.2.3 10.0.0.0-10.0.0.9
  bight ip contains 10.0.0.0/8,::1 - < addresses
)",
     "NETWORK WHAT", "A network, or several with commas between; then what to look for", run_ip_contains, "l"},
    {"collapse", R"(Write the fewest networks that hold the same addresses.

  bight ip collapse networks.txt more.txt
  printf '10.0.0.0-10.0.3.255\n10.0.4.0/22\n' | bight ip collapse
)",
     "FILE", "Networks, ranges and addresses, any number a line", run_ip_collapse, "l"},
    {"subtract", R"(Take networks away from those of files.

  bight ip subtract 10.1.0.0/16 networks.txt
  bight ip subtract -f ours.txt theirs.txt
)",
     "NETWORK FILE", "What to take away, then the files", run_ip_subtract, "fl"},
    {"split", R"(Divide a network into subnets of one prefix length.

  bight ip split 10.0.0.0/8 16
  bight ip split 2001:db8::/32 48 --limit 10
)",
     "NETWORK PREFIX", "The network, and the new prefix length", run_ip_split, "nl"},
    {"range", R"(Write ranges of addresses as the fewest networks.

  bight ip range 10.0.0.3 10.0.1.7
  bight ip range 10.0.0.3-10.0.1.7 ::-::ff
)",
     "RANGE", "FIRST-LAST, or FIRST LAST", run_ip_range, "l"},
    {"list", R"(Write each address of networks and ranges.

  bight ip list 192.0.2.0/29 --hosts
  bight ip list ::/0 --limit 5
)",
     "NETWORK", "Networks and ranges", run_ip_list, "hnl"},
    {"lookup", R"(Find the longest prefix of a file for each address.

  bight ip lookup routes.txt 10.1.2.3 2001:db8::1

Each line of the file is a network, blanks, and what it stands for. Exit code 1
if an address is in none of them.
)",
     "FILE ADDRESS", "The file, then addresses", run_ip_lookup, "l"},
    {"grep", R"(Print the lines that hold an address of some networks.

  bight ip grep 10.0.0.0/8 access.log
  bight ip grep -c 192.0.2.0-192.0.2.9,2001:db8::/32 a.log b.log
  bight ip grep -v -f ours.txt access.log

Networks come first, then files: from the first word that is no network, or from
"--" on. With --json, addresses are listed beside their line, or with -o alone.
A file that cannot be read, or a line above 64 MiB, is told, and the rest goes on.
Exit code 1 if no line was selected, 2 if there was such trouble.
)",
     "NETWORK FILE", "Networks, then files", run_ip_grep, "fgl"},
    {"reverse", R"(Write the name under which the DNS knows an address.

  bight ip reverse 192.0.2.1 2001:db8::1
)",
     "ADDRESS", "Addresses and networks", run_ip_reverse, "l"},
};

constexpr char guard = '\0';  // at the end of a word

void add_options(CLI::App& app, const Command& command, IpOptions& options) {
    app.add_option("WORDS", options.words, command.about)->type_name(command.words);
    app.add_flag("--json", options.json, "One JSON object a line");
    for (char letter : std::string_view(command.takes)) {
        if (letter == 'f') app.add_option("-f,--file", options.patterns, "A file of networks")->type_name("FILE");
        if (letter == 'l') app.add_flag("--loose", options.loose, "Clear host bits instead of refusing them");
        if (letter == 'h') app.add_flag("--hosts", options.hosts, "Without network and broadcast addresses");
        if (letter == 'n')
            app.add_option_function<std::string>(
                   "--limit",
                   [&](std::string text) {
                       drop_guard(text);
                       options.limit = parse_count(text);
                   },
                   "At most so many")
                ->type_name("N");
        if (letter != 'g') continue;
        auto* invert = app.add_flag("-v,--invert-match", options.invert, "The other lines");
        auto* count = app.add_flag("-c,--count", options.count, "Only how many lines");
        app.add_flag("-o,--only-matching", options.only, "Only the addresses, one a line")
            ->excludes(invert)
            ->excludes(count);
        app.add_flag("-x,--line", options.exact, "Only lines that are an address and nothing else");
    }
}

/// What was found before the end goes out, then `error` is told. Returns `code`, or 2 where writing failed too.
int finish(OutputBuffer& out, const std::exception* error, int code) {
    auto tell_error = [error] {
        if (error) complain(*error);
    };
    try {
        out.flush();
    } catch (const OutputClosed&) {
        tell_error();
        throw;
    } catch (const std::exception& second) {
        tell_error();
        complain(second);
        return exit_code::usage;
    }
    tell_error();
    return code;
}

/// Whatever goes wrong is 2: 1 means no.
int run(int (*command)(const IpOptions&, OutputBuffer&), const IpOptions& options) {
    OutputBuffer out;
    try {
        watch_interruptions();
        int code = command(options, out);
        out.flush();
        return code;
    } catch (const OutputClosed&) {
        throw;
    } catch (const Interrupted& interrupted) {
        return finish(out, nullptr, interrupted.exit_code());
    } catch (const std::exception& error) {
        return finish(out, &error, exit_code::usage);
    }
}

bool takes_files_behind(const Command& command) {
    return std::string_view(command.takes).find('f') != std::string::npos;
}

}  // namespace

void add_ip(CLI::App& app, IpOptions& options, std::function<int()>& action) {
    auto* ip = app.add_subcommand("ip", ip_help);
    ip->add_flag("--batch", options.batch, "Answer lines KIND<TAB>TEXT of standard input with a line of JSON each");
    ip->require_subcommand(0, 1);
    ip->final_callback([ip, &options, &action] {
        if (!ip->get_subcommands().empty()) {
            if (options.batch) throw CLI::ExcludesError("--batch", ip->get_subcommands().front()->get_name());
            return;
        }
        if (!options.behind.empty()) throw CLI::ExtrasError({options.behind.front()});
        if (!options.batch) throw CLI::RequiredError("A subcommand of ip");
        action = [&options] { return run(run_ip_batch, options); };
    });
    for (const Command& command : commands) {
        auto* sub = ip->add_subcommand(command.name, command.help);
        add_options(*sub, command, options);
        sub->callback([&] {
            std::ranges::for_each(options.words, drop_guard);
            drop_guard(options.patterns);
            if (!takes_files_behind(command))
                options.words.insert(options.words.end(), options.behind.begin(), options.behind.end());
            action = [&] { return run(command.run, options); };
        });
    }
}

void prepare_ip(std::vector<std::string>& arguments, IpOptions& options) {
    if (arguments.empty() || arguments.front() != "ip") return;
    if (auto dashes = std::ranges::find(arguments, "--"); dashes != arguments.end()) {
        options.behind.assign(dashes + 1, arguments.end());
        arguments.erase(dashes, arguments.end());
    }
    guard_brackets(arguments);
}

void guard_brackets(std::vector<std::string>& arguments) {
    for (auto& argument : arguments)
        if (argument.starts_with('[') && argument.ends_with(']')) argument += guard;
}

void drop_guard(std::string& word) {
    if (word.ends_with(guard)) word.pop_back();
}

}  // namespace bight::tool
