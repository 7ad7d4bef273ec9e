// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace bight::tool {

struct DoctorOptions {
    bool json = false;
};

/// `bight doctor`. Returns the exit code.
int run_doctor(const DoctorOptions& options);

}  // namespace bight::tool
