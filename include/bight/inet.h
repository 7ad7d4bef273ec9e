// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/error.h>
#include <bight/family.h>

#include <string>
#include <string_view>

/// Addresses of the internet between text and bytes of the network's order. To keep and compare addresses there is
/// Address; these are Python's functions.
namespace bight::socket {

/// Four bytes. As loose as inet_aton(3): "127.1", "0x7f.1", octal, one number for all, and whatever follows a blank.
/// Parsers that decide about access want inet_pton(). Raises OSError for anything else.
Buffer inet_aton(std::string_view text);

/// "127.0.0.1". Raises OSError where there are not four bytes.
std::string inet_ntoa(Bytes packed);

/// 4 or 16 bytes, by the strict rules of inet_pton(3). Raises OSError, also for families other than the two.
Buffer inet_pton(Family family, std::string_view text);

/// The form of RFC 5952. Raises ValueError for another number of bytes, and for families other than the two.
std::string inet_ntop(Family family, Bytes packed);

}  // namespace bight::socket
