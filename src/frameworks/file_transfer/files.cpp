// SPDX-License-Identifier: BSL-1.0
#include "frameworks/file_transfer/files.h"

#include <bight/buffer.h>

#include "blocking/or_raise.h"
#include "frameworks/file_transfer/wire.h"
#include "sys/file_calls.h"

#include <algorithm>

namespace bight::file_transfer {

Bytes read_fully(int file, MutableBytes memory, std::uint64_t offset) {
    std::size_t filled = 0;
    while (filled < memory.size()) {
        auto got = or_raise(uninterrupted([&] { return sys::read_at(file, memory.subspan(filled), offset + filled); }),
                            "read the file");
        if (got == 0) break;
        filled += got;
    }
    return Bytes(memory.data(), filled);
}

bool hash_beginning(Sha256& hash, int file, std::uint64_t size) {
    auto memory = Buffer::with_capacity(at_once);
    for (std::uint64_t done = 0; done < size;) {
        auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(at_once, size - done));
        auto bytes = read_fully(file, memory.room().first(piece), done);
        if (bytes.empty()) return false;
        hash.update(bytes);
        done += bytes.size();
    }
    return true;
}

}  // namespace bight::file_transfer
