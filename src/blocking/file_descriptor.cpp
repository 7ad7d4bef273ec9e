// SPDX-License-Identifier: BSL-1.0
#include <bight/file_descriptor.h>

#include "blocking/or_raise.h"
#include "sys/calls.h"
#include "sys/file_calls.h"

namespace bight {

FileDescriptor FileDescriptor::open(const std::string& path) {
    if (path.find('\0') != path.npos) throw ValueError("embedded null byte");
    return FileDescriptor(or_raise(sys::open_for_reading(path.c_str()), [&] { return "open " + path; }));
}

void FileDescriptor::close() {
    if (fd_ < 0) return;
    auto closed = try_close();
    if (!closed && closed.error() != std::errc::interrupted) raise_os_error(closed.error(), "close");
}

// Whatever the answer, the descriptor is gone (close(2): after EINTR, too), so there is no second try.
Result<void> FileDescriptor::try_close() noexcept { return sys::close(detach()); }

void FileDescriptor::close_quietly() noexcept { (void)sys::close(detach()); }

}  // namespace bight
