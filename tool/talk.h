// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "exit_code.h"

#include <exception>
#include <string>
#include <string_view>

namespace bight::tool {

/// One line to standard error, "bight: " before it and `more` behind it, in one write: threads do not mix their lines.
void say(std::string_view line, std::string_view more = "") noexcept;

/// One line to standard error, as it is.
void tell(std::string_view line);

/// All of `text` to a descriptor; waits for room, in a non-blocking one too. Returns 0, or the errno.
int write_all(int fd, std::string_view text) noexcept;

/// Says what went wrong, and returns the exit code for it.
int complain(const std::exception& error, Step step = Step::other) noexcept;

/// From now on a closed pipe is an error like others, and paths are removed after it as well.
void ignore_sigpipe() noexcept;

/// SIGPIPE as it was before that: for a command that takes the place of this process.
void restore_sigpipe() noexcept;

/// Nobody reads standard output any more: the tool ends without a word.
class OutputClosed : public std::exception {
public:
    const char* what() const noexcept override { return "standard output is closed"; }
};

/// All of `text` to standard output, at once. Raises OSError, or OutputClosed.
void print(std::string_view text);

}  // namespace bight::tool
