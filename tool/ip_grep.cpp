// SPDX-License-Identifier: BSL-1.0
#include "exit_code.h"
#include "ip.h"
#include "ip_input.h"
#include "ip_scan.h"
#include "json.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace bight::tool {
namespace {

using namespace ipaddress;

constexpr std::size_t read_size = std::size_t{1} << 20;
constexpr std::size_t max_buffer = std::size_t{64} << 20;  // a longer line is taken for several

class Grep {
public:
    Grep(const IpOptions& options, const AddressSet& wanted) : options_(options), scanner_(wanted) {}

    void file(const std::string& path) {
        InputFile input(path);
        std::size_t filled = 0;
        while (true) {
            if (filled == buffer_.size()) buffer_.resize(std::max(2 * buffer_.size(), 2 * read_size));
            std::size_t got = input.read(buffer_.data() + filled, std::min(read_size, buffer_.size() - filled));
            const char* begin = buffer_.data();
            auto* newline = static_cast<const char*>(::memrchr(begin + filled, '\n', got));
            filled += got;
            std::size_t whole = newline ? static_cast<std::size_t>(newline + 1 - begin) : 0;
            if (got == 0 || filled >= max_buffer) whole = filled;
            lines(begin, begin + whole);
            std::memmove(buffer_.data(), begin + whole, filled - whole);
            filled -= whole;
            if (got == 0) return;
        }
    }

    int finish() {
        if (options_.count)
            out_.line(options_.json ? JsonObject().add("schema", "bight.ip/1").add("count", selected_).text()
                                    : fmt::format("{}", selected_));
        out_.flush();
        return selected_ != 0 ? exit_code::ok : exit_code::no;
    }

private:
    static const char* line_end(const char* at, const char* end) {
        auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
        return newline ? newline + 1 : end;
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

    void select(const char* begin, const char* end, std::string_view found) {
        ++selected_;
        if (options_.count) return;
        if (options_.json) {
            JsonObject object;
            object.add("schema", "bight.ip/1").add("line", bare(begin, end));
            if (!options_.invert) object.add("address", found);
            out_.line(object.text());
        } else if (options_.only && !options_.invert) {
            for (; !found.empty() && found.data() < end; found = next_in_line(found)) out_.line(found);
        } else {
            write(begin, end);
        }
    }

    std::string_view next_in_line(std::string_view found) {
        return options_.exact ? std::string_view() : scanner_.next(found.data() + found.size());
    }

    void write(const char* begin, const char* end) {
        out_.add({begin, static_cast<std::size_t>(end - begin)});
        if (end[-1] != '\n') out_.add("\n");
    }

    const IpOptions& options_;
    AddressScanner scanner_;
    std::vector<char> buffer_;
    OutputBuffer out_;
    std::uint64_t selected_ = 0;
};

}  // namespace

int run_ip_grep(const IpOptions& options) {
    auto [wanted, files] = patterns_of(options);
    Grep grep(options, wanted);
    if (files.empty()) files.emplace_back("-");
    for (const std::string& file : files) grep.file(file);
    return grep.finish();
}

}  // namespace bight::tool
