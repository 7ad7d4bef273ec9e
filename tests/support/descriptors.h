// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace bight::testing {

/// How many descriptors this process has open.
std::size_t open_descriptors();

/// The lines that /usr/bin/python3.11 prints for a script of this repository, with its arguments.
std::vector<std::string> oracle(const std::string& script, const std::vector<std::string>& arguments);

/// What the hex digits stand for.
std::string unhex(std::string_view digits);

/// A path in a new folder of its own, removed with it at the end.
class TemporaryFolder {
public:
    /// In `parent`, or where the system puts what is temporary.
    explicit TemporaryFolder(const std::string& parent = "");
    ~TemporaryFolder();
    std::string path(const std::string& name) const { return folder_ + '/' + name; }

private:
    std::string folder_;
};

}  // namespace bight::testing
