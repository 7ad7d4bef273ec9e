// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bight/bytes.h>

#include "values/file_transfer/frames.h"

#include <memory>

struct evp_md_ctx_st;  // OpenSSL's

namespace bight {

/// SHA-256 of bytes that come in pieces, by OpenSSL's libcrypto. Raises OSError (ENOMEM) where it cannot.
class Sha256 {
public:
    using Digest = file_transfer::Digest;

    Sha256();
    void update(Bytes data);

    /// Of all that came so far; more may come.
    Digest digest() const;

    /// As if nothing had come.
    void reset();

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// In hex digits.
std::string to_hex(Bytes bytes);

}  // namespace bight
