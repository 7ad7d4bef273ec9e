// SPDX-License-Identifier: BSL-1.0
/// What `bight ip` reads and writes: files, words of the command line, much output.
#pragma once

#include "ip.h"
#include "ip_lines.h"

#include <bight/ipaddress/address_set.h>

#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bight::tool {

/// Standard output by large pieces. Whoever makes one flushes it, after an error too: what it holds was found before.
class OutputBuffer {
public:
    void add(std::string_view text) {
        text_ += text;
        if (text_.size() >= std::size_t{256} << 10) pass_on();
    }
    void line(std::string_view text) {
        text_ += text;
        add("\n");
    }

    /// Raises OSError, OutputClosed; what could not be written is lost then.
    void flush();

private:
    void pass_on();

    std::string text_;
};

/// A file that cannot be opened or read.
class InputError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A file, or standard input for "-". Before each read, which may wait for long, `out` is flushed. Raises InputError, and
/// Interrupted.
class InputFile : public ByteSource {
public:
    InputFile(const std::string& path, OutputBuffer& out);
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;
    ~InputFile() override;

    std::size_t read(char* to, std::size_t size) override;
    const std::string& name() const noexcept override { return name_; }

private:
    std::string name_;
    OutputBuffer& out_;
    int fd_;
};

/// Each word; for "-", and without any, those of standard input.
void for_each_word(std::span<const std::string> words, OutputBuffer& out,
                   const std::function<void(std::string_view)>& found);

/// The networks, ranges and addresses in files; without any, in standard input.
ipaddress::AddressSet read_set(std::span<const std::string> files, bool loose, OutputBuffer& out);

/// What a command line says that begins with networks and goes on with files.
///
/// Its first word is networks, unless -f named a file of them; words behind it that are networks count too, up to the
/// first that is none; then, and behind "--", come files.
struct Patterns {
    ipaddress::AddressSet addresses;
    std::vector<std::string> files;
};
Patterns patterns_of(const IpOptions& options, OutputBuffer& out);

/// Prints the networks of a set, or with --json one object for each.
void print_networks(const ipaddress::AddressSet& set, bool json, OutputBuffer& out);

/// One network on a line of its own.
void add_network(OutputBuffer& out, const ipaddress::IPNetwork& network, bool json);

}  // namespace bight::tool
