// SPDX-License-Identifier: BSL-1.0
#include "ip_batch.h"
#include "exit_code.h"
#include "ip.h"
#include "ip_facts.h"
#include "ip_input.h"

#include <bight/error.h>

#include <fmt/core.h>

namespace bight::tool {
namespace {

using namespace ipaddress;

/// What a line is about; raises ValueError.
void answer(JsonObject& object, std::string_view kind, std::string_view text) {
    if (kind == "address")
        add_facts(object, ip_address(text));
    else if (kind == "network")
        add_facts(object, ip_network(text));
    else if (kind == "network_loose")
        add_facts(object, ip_network(text, {.strict = false}));
    else if (kind == "interface")
        add_facts(object, ip_interface(text));
    else
        throw ValueError("no kind of question: address, network, network_loose or interface stands before the tab");
}

}  // namespace

std::string answer_batch_line(const LineReader::Line& line) {
    try {
        auto tab = line.text.find('\t');
        if (tab == line.text.npos) throw ValueError("no tab in the line: KIND, a tab, TEXT");
        if (line.cut) throw ValueError(fmt::format("the line is longer than {} bytes", LineReader::longest));
        JsonObject object;
        object.add("ok", true);
        answer(object, line.text.substr(0, tab), line.text.substr(tab + 1));
        return object.text();
    } catch (const ValueError& error) {
        return JsonObject().add("ok", false).add("error", error.what()).text();
    }
}

int run_ip_batch(const IpOptions&, OutputBuffer& out) {
    InputFile input("-", out);
    LineReader lines(input);
    while (auto line = lines.next()) out.line(answer_batch_line(*line));
    return exit_code::ok;
}

}  // namespace bight::tool
