// SPDX-License-Identifier: BSL-1.0
#include "ip_input.h"

#include "interruption.h"
#include "json.h"
#include "talk.h"

#include <bight/error.h>
#include <bight/ipaddress.h>
#include <bight/printable.h>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace bight::tool {

using namespace ipaddress;

// ---- Files, and output. ------------------------------------------------------------------------------------------------

namespace {

[[noreturn]] void raise_input_error(int errnum, const std::string& what) {
    throw InputError(OSError(errnum, what).what());
}

int open_input(const std::string& path) {
    if (path == "-") return STDIN_FILENO;
    // A FIFO is not waited for until it is read, and then a signal ends it.
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) raise_input_error(errno, "open " + path);
    return fd;
}

}  // namespace

InputFile::InputFile(const std::string& path, OutputBuffer& out)
    : name_(path == "-" ? "standard input" : path), out_(out), fd_(open_input(path)) {}

InputFile::~InputFile() {
    if (fd_ != STDIN_FILENO) ::close(fd_);
}

std::size_t InputFile::read(char* to, std::size_t size) {
    out_.flush();
    while (true) {
        wait_readable(fd_);
        auto got = ::read(fd_, to, size);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR && errno != EAGAIN) raise_input_error(errno, "read " + name_);
    }
}

void OutputBuffer::flush() {
    if (text_.empty()) return;
    std::string text;
    text.swap(text_);
    print(text);
    text.clear();
    text.swap(text_);  // its memory
}

void OutputBuffer::pass_on() {
    flush();
    raise_if_interrupted();
}

// ---- Words and networks. -----------------------------------------------------------------------------------------------

namespace {

const std::string standard_input[] = {"-"};

}  // namespace

void for_each_word(std::span<const std::string> words, OutputBuffer& out,
                   const std::function<void(std::string_view)>& found) {
    if (words.empty()) words = standard_input;
    for (const std::string& word : words) {
        if (word != "-") {
            found(word);
            continue;
        }
        InputFile file(word, out);
        for_each_word(file, found);
    }
}

AddressSet read_set(std::span<const std::string> files, bool loose, OutputBuffer& out) {
    if (files.empty()) files = standard_input;
    AddressSetBuilder builder;
    for (const std::string& path : files) {
        InputFile file(path, out);
        for_each_word(file, [&](std::string_view word) { builder.add(parse_range(word, loose)); });
    }
    return builder.build();
}

Patterns patterns_of(const IpOptions& options, OutputBuffer& out) {
    auto words = options.words;
    auto& behind = options.behind;
    words.insert(words.end(), behind.begin(), behind.end());

    AddressSetBuilder builder;
    auto word = words.begin(), dashes = word + std::ssize(options.words);
    if (options.patterns.empty()) {
        if (words.empty()) throw ValueError("which networks? (or a file of them, with -f)");
        add_ranges(builder, *word++, options.loose);
    }
    for (; word < dashes && is_ranges(*word); ++word) add_ranges(builder, *word, options.loose);
    std::vector<std::string> files(word, words.end());

    if (!options.patterns.empty()) {
        InputFile file(options.patterns, out);
        for_each_word(file, [&](std::string_view text) { builder.add(parse_range(text, options.loose)); });
    }
    return {builder.build(), std::move(files)};
}

void add_network(OutputBuffer& out, const IPNetwork& network, bool json) {
    if (json) {
        auto first = network.network_address().to_string(), last = network.broadcast_address().to_string();
        out.line(JsonObject()
                     .add("schema", "bight.ip/1")
                     .add("network", network.to_string())
                     .add("first", first)
                     .add("last", last)
                     .text());
        return;
    }
    char text[IPNetwork::max_text_size + 1];
    char* end = network.to_chars(text);
    if (std::string_view line(text, end); line.find('%') != line.npos) return out.line(printable(line));
    *end++ = '\n';
    out.add({text, static_cast<std::size_t>(end - text)});
}

void print_networks(const AddressSet& set, bool json, OutputBuffer& out) {
    for (const IPNetwork& network : set.networks()) add_network(out, network, json);
}

}  // namespace bight::tool
