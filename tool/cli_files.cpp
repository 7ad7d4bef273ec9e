// SPDX-License-Identifier: BSL-1.0
#include "cli_files.h"

#include "cli_ip.h"
#include "quantity.h"

#include <CLI/CLI.hpp>

#include <string>

namespace bight::tool {
namespace {

constexpr const char* send_help = R"(Send files to a bight recv, verified, and resumed after a break.

  bight send picture.png 192.0.2.7:7000
  bight send *.log unix:/run/inbox
  bight send archive.tar tcp:[2001:db8::7]:7000 --json

A file goes under the last part of its path. What the receiver has kept of an
earlier attempt, or has already, is not sent again. SIGINT breaks off so that
the same command goes on later; a second one ends at once.

Exit codes: 1 refused or unreadable, 6 unknown name, 7 not connected,
28 timed out, 56 the connection broke, 130 interrupted.
)";

constexpr const char* recv_help = R"(Receive files from bight send into a folder.

  bight recv --into inbox --listen 0.0.0.0:7000
  bight recv --into inbox --once

Says "listening on ENDPOINT" on standard output once it accepts, and a line for
each file. Files are checked by SHA-256 and appear once they are complete; what
came before a break is kept, as .bight-….part, for a sender that comes again.
Names that lead elsewhere or mislead are refused; no file is replaced without
--overwrite. SIGINT or SIGTERM ends all connections: exit 0 if no file was cut off.

Exit codes with --once: 1 if something was refused or nothing came, 28, 56.
)";

}  // namespace

void add_files(CLI::App& app, SendOptions& send, RecvOptions& recv, std::function<int()>& action) {
    auto add_time = [](CLI::App* command, const char* help, Timeout& target) {
        command
            ->add_option_function<std::string>(
                "--timeout", [&target](const std::string& text) { target = parse_duration(text); }, help)
            ->type_name("TIME");
    };
    auto* sender = app.add_subcommand("send", send_help);
    sender->add_option("WORDS", send.words, "Files, and where to send them")->type_name("FILE... ENDPOINT")->required();
    sender->add_flag_callback("--no-resume", [&] { send.resume = false; }, "Send all of each file again");
    sender->add_flag("--json", send.json, "One JSON object a line");
    add_time(sender, "To connect, and for silence (60s)", send.timeout);
    sender->callback([&] {
        for (auto& word : send.words) drop_guard(word);
        action = [&] { return run_send(send); };
    });

    auto* receiver = app.add_subcommand("recv", recv_help);
    receiver->add_option("--into", recv.into, "The folder")->required()->type_name("DIR");
    receiver->add_option("--listen", recv.listen, "Where (tcp:127.0.0.1:0)")->type_name("ENDPOINT");
    receiver
        ->add_option_function<std::string>(
            "--max-size", [&](const std::string& text) { recv.max_size = parse_size(text); },
            "The largest file that is taken (1G)")
        ->type_name("SIZE");
    receiver
        ->add_option_function<std::string>(
            "--max-files", [&](const std::string& text) { recv.max_files = parse_count(text); },
            "Files on one connection (1000)")
        ->type_name("N");
    receiver->add_flag("--overwrite", recv.overwrite, "Replace files of the same name");
    receiver->add_flag("--once", recv.once, "End after one connection");
    receiver->add_flag("--json", recv.json, "One JSON object a line");
    add_time(receiver, "Ends a connection that was silent for so long (30s)", recv.timeout);
    receiver->callback([&] { action = [&] { return run_recv(recv); }; });
}

}  // namespace bight::tool
