// SPDX-License-Identifier: BSL-1.0
#include "ssl/sha256.h"

#include <bight/error.h>

#include <cerrno>

#include <openssl/evp.h>

namespace bight {
namespace {

/// These calls fail for want of memory, or where the configuration of OpenSSL allows no SHA-256.
void require(int success) {
    if (success != 1) raise_os_error(ENOMEM, "SHA-256");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { ::EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(::EVP_MD_CTX_new()) {
    require(context_ ? 1 : 0);
    reset();
}

void Sha256::reset() { require(::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr)); }

void Sha256::update(Bytes data) { require(::EVP_DigestUpdate(context_.get(), data.data(), data.size())); }

Sha256::Digest Sha256::digest() const {
    std::unique_ptr<evp_md_ctx_st, Free> copy(::EVP_MD_CTX_new());
    require(copy ? ::EVP_MD_CTX_copy_ex(copy.get(), context_.get()) : 0);
    Digest digest;
    require(::EVP_DigestFinal_ex(copy.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr));
    return digest;
}

std::string to_hex(Bytes bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::byte byte : bytes) {
        text += digits[std::to_integer<unsigned>(byte) >> 4];
        text += digits[std::to_integer<unsigned>(byte) & 0xf];
    }
    return text;
}

}  // namespace bight
