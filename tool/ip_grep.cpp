// SPDX-License-Identifier: BSL-1.0
#include "exit_code.h"
#include "interruption.h"
#include "ip.h"
#include "ip_input.h"
#include "ip_scan.h"
#include "json.h"
#include "talk.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace bight::tool {
namespace {

using namespace ipaddress;

class Grep {
public:
    Grep(const IpOptions& options, AddressSet wanted, OutputBuffer& out)
        : options_(options), scanner_(std::move(wanted)), out_(out) {}

    /// A file that cannot be read does not keep from the next one.
    void file(const std::string& path) {
        try {
            InputFile input(path, out_);
            blocks_.each(
                input, [this](const char* begin, const char* end) { lines(begin, end); },
                [&](std::uint64_t offset) {
                    trouble(fmt::format("{}: the line at byte {} is longer than {} MiB, and left out", input.name(),
                                        offset, BlockReader::longest >> 20));
                });
        } catch (const InputError& error) {
            trouble(error.what());
        }
    }

    void sum_up() {
        if (!options_.count) return;
        out_.line(options_.json ? JsonObject().add("schema", "bight.ip/1").add("count", selected_).text()
                                : fmt::format("{}", selected_));
    }

    int result() const {
        if (troubled_) return exit_code::usage;
        return selected_ != 0 ? exit_code::ok : exit_code::no;
    }

private:
    void trouble(const std::string& what) {
        out_.flush();
        say(what);
        troubled_ = true;
    }

    static const char* line_begin(const char* at, const char* begin) {
        auto* newline = static_cast<const char*>(::memrchr(begin, '\n', static_cast<std::size_t>(at - begin)));
        return newline ? newline + 1 : begin;
    }

    /// Whole lines; only the last one of a file may lack its newline.
    void lines(const char* begin, const char* end) {
        if (options_.exact)
            whole_lines(begin, end);
        else
            search(begin, end);
    }

    /// Looks for the next address, whatever the line that it is in.
    void search(const char* begin, const char* end) {
        const char* done = begin;
        scanner_.search(begin, end);
        while (done != end) {
            auto found = scanner_.next(done);
            const char* first = found.empty() ? end : line_begin(found.data(), done);
            const char* behind = found.empty() ? end : line_end(found.data(), end);
            if (options_.invert)
                all_of(done, first);
            else if (!found.empty())
                select(first, behind, found);
            done = behind;
        }
    }

    void whole_lines(const char* begin, const char* end) {
        while (begin != end) {
            const char* behind = line_end(begin, end);
            std::string_view text = bare(begin, behind);
            if (scanner_.is_wanted(text) != options_.invert) select(begin, behind, text);
            begin = behind;
        }
    }

    static std::string_view bare(const char* begin, const char* end) {
        std::string_view text(begin, static_cast<std::size_t>(end - begin));
        if (text.ends_with('\n')) text.remove_suffix(1);
        if (text.ends_with('\r')) text.remove_suffix(1);
        return text;
    }

    /// Lines without an address that is wanted.
    void all_of(const char* begin, const char* end) {
        if (begin == end) return;
        if (options_.json && !options_.count) {
            for (const char* behind; begin != end; begin = behind) select(begin, behind = line_end(begin, end), {});
            return;
        }
        if (options_.count)
            selected_ += static_cast<std::uint64_t>(std::count(begin, end, '\n')) + (end[-1] == '\n' ? 0 : 1);
        else
            selected_ = 1;
        if (!options_.count) write(begin, end);
    }

    /// A line, and the first address that is wanted in it.
    void select(const char* begin, const char* end, std::string_view found) {
        ++selected_;
        if (options_.count) return;
        if (options_.only)
            addresses(end, found);
        else if (options_.json)
            object(begin, end, found);
        else
            write(begin, end);
    }

    void addresses(const char* end, std::string_view found) {
        for (; is_before(end, found); found = next_in_line(found))
            out_.line(options_.json ? JsonObject().add("schema", "bight.ip/1").add("address", found).text() : found);
    }

    void object(const char* begin, const char* end, std::string_view found) {
        JsonObject object;
        object.add("schema", "bight.ip/1").add("line", bare(begin, end));
        std::vector<std::string> all;
        for (; is_before(end, found); found = next_in_line(found)) all.emplace_back(found);
        if (!options_.invert) object.add("addresses", all);
        out_.line(object.text());
    }

    static bool is_before(const char* end, std::string_view found) { return !found.empty() && found.data() < end; }

    std::string_view next_in_line(std::string_view found) {
        return options_.exact ? std::string_view() : scanner_.next(found.data() + found.size());
    }

    void write(const char* begin, const char* end) {
        out_.add({begin, static_cast<std::size_t>(end - begin)});
        if (end[-1] != '\n') out_.add("\n");
    }

    const IpOptions& options_;
    AddressScanner scanner_;
    BlockReader blocks_;
    OutputBuffer& out_;
    std::uint64_t selected_ = 0;
    bool troubled_ = false;
};

}  // namespace

int run_ip_grep(const IpOptions& options, OutputBuffer& out) {
    auto [wanted, files] = patterns_of(options, out);
    Grep grep(options, std::move(wanted), out);
    if (files.empty()) files.emplace_back("-");
    try {
        for (const std::string& file : files) grep.file(file);
    } catch (const Interrupted&) {
        grep.sum_up();
        throw;
    }
    grep.sum_up();
    return grep.result();
}

}  // namespace bight::tool
