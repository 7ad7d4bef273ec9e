// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace bight {

/// The resolver's sentence for one of its codes, EAI_… of getaddrinfo(3). Ours, for the platform's is behind a system
/// header; sys checks the numbers.
const char* gai_message(int code) noexcept;

/// The same for the codes of gethostbyname(3).
const char* host_message(int code) noexcept;

}  // namespace bight
