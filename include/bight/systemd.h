// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string_view>

namespace bight::systemd {

/// Tells the service manager how this process is: sd_notify(3), by its own protocol and without its library. `state`
/// holds assignments, one a line: "READY=1", "STOPPING=1", "STATUS=draining", "MAINPID=7"; with "FDSTORE=1" the manager
/// keeps `fds` for the next process, at most 253.
///
///     systemd::notify("READY=1\nSTATUS=listening on port 80");
///
/// True once the manager's socket has it; false where NOTIFY_SOCKET names none, which is no error: nobody asked.
/// Waits while that socket is full, as sd_notify() does. Raises OSError where it cannot be reached, and ValueError for a
/// name that is neither a path nor abstract. The variable stays, so children may notify too; whether they are heard is
/// the manager's NotifyAccess=.
bool notify(std::string_view state, std::span<const int> fds = {});

}  // namespace bight::systemd
