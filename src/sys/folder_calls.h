// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/error.h>

#include <cstdint>

// Files that are made and found in one folder, known by its descriptor. A name never leads out of it: openat2(2) with
// RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS.
namespace bight::sys {

Result<int> open_folder(const char* path) noexcept;

/// A new file to read and write, for this user only; EEXIST where the name is taken, by whatever.
Result<int> create_in(int folder, const char* name) noexcept;

/// A file to read, and to write too if that is asked for. Does not wait for what is no regular file.
enum class Use { reading, writing };
Result<int> open_in(int folder, const char* name, Use use) noexcept;

struct FileFacts {
    std::uint64_t device, inode, size;
    std::uint32_t owner;
    std::uint64_t links;
    bool is_regular;

    bool is_same_file(const FileFacts& other) const noexcept { return device == other.device && inode == other.inode; }
};
Result<FileFacts> facts_of(int fd) noexcept;

/// Of what has the name; a link is not followed.
Result<FileFacts> facts_in(int folder, const char* name) noexcept;

Result<void> unlink_in(int folder, const char* name) noexcept;

/// EEXIST where `to` is taken and is not to be replaced.
enum class Replace { no, yes };
Result<void> rename_in(int folder, const char* from, const char* to, Replace replace) noexcept;

Result<void> truncate(int fd, std::uint64_t size) noexcept;

/// Waits until a file, or what happened to the names of a folder, is on the disk.
Result<void> sync(int fd) noexcept;

/// Keeps others away that ask the same; until the open file is closed. EWOULDBLOCK where somebody has it.
Result<void> lock(int fd) noexcept;

/// How many more bytes this user may write to the file system.
Result<std::uint64_t> free_space(int fd) noexcept;

}  // namespace bight::sys
