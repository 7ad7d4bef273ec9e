// SPDX-License-Identifier: BSL-1.0
#include "support/descriptors.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace bight::testing {

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count - 1;  // without the one that looks
}

std::vector<std::string> oracle(const std::string& script, const std::vector<std::string>& arguments) {
    std::string command = "/usr/bin/python3.11 " + script;
    for (const auto& argument : arguments) command += ' ' + argument;
    auto close = [](std::FILE* file) { return ::pclose(file); };
    std::unique_ptr<std::FILE, decltype(close)> pipe(::popen(command.c_str(), "r"), close);
    if (!pipe) throw std::runtime_error("cannot start " + command);
    std::string text;
    std::array<char, 1 << 16> part;
    while (auto size = std::fread(part.data(), 1, part.size(), pipe.get())) text.append(part.data(), size);
    if (::pclose(pipe.release()) != 0) throw std::runtime_error("failed: " + command);
    std::vector<std::string> lines;
    for (std::size_t start = 0; start < text.size();) {
        auto end = text.find('\n', start);
        if (end == text.npos) end = text.size();
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

std::string unhex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return bytes;
}

TemporaryFolder::TemporaryFolder(const std::string& parent) {
    auto place = parent.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(parent);
    std::string pattern = (place / "bight-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
    folder_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

}  // namespace bight::testing
