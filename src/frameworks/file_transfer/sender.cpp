// SPDX-License-Identifier: BSL-1.0
#include <bight/file_transfer.h>

#include "blocking/or_raise.h"
#include "frameworks/file_transfer/files.h"
#include "frameworks/file_transfer/wire.h"
#include "sys/file_calls.h"
#include "sys/folder_calls.h"

#include <algorithm>
#include <cerrno>

namespace bight::file_transfer {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience_for_a_reason = 1s;

FileDescriptor open_to_send(const std::string& path) {
    if (path.find('\0') != path.npos) throw ValueError("embedded null byte");
    return FileDescriptor(or_raise(uninterrupted([&] { return sys::open_without_waiting(path.c_str()); }),
                                   [&] { return "open " + path; }));
}

std::uint64_t size_of(int file, std::string_view name) {
    auto facts = or_raise(uninterrupted([&] { return sys::facts_of(file); }),
                          [&] { return "stat " + std::string(name); });
    if (!facts.is_regular) raise_os_error(EINVAL, std::string(name) + " is no regular file");
    return facts.size;
}

}  // namespace

Sender::Sender(Socket& connection, const SendOptions& options)
    : wire_(std::make_unique<Wire>(connection, FrameReader::From::receiver)), options_(options) {
    if (options.timeout && *options.timeout <= Duration::zero()) throw ValueError("the timeout must be positive");
}

Sender::~Sender() = default;
Sender::Sender(Sender&&) noexcept = default;

Transfer Sender::send(const std::string& path) {
    return send(open_to_send(path), std::string_view(path).substr(path.rfind('/') + 1));
}

Transfer Sender::send(const FileDescriptor& file, std::string_view name) {
    if (name.empty() || name.size() > longest_announced_name) throw ValueError("a name has 1 to 4096 bytes");
    Transfer transfer{.name = std::string(name), .size = size_of(file.fileno(), name)};
    if (ended_) wire_->raise(ECONNABORTED, "send");
    try {
        offer(file.fileno(), transfer);
    } catch (...) {
        ended_ = true;
        throw;
    }
    return transfer;
}

void Sender::offer(int file, Transfer& transfer) {
    auto offer = encode(Offer{transfer.size, !options_.resume, transfer.name});
    wire_->write(std::exchange(greeted_, true) ? offer : std::string(greeting) + offer, options_.timeout);
    Sha256 hash;
    auto begin = agree(file, transfer, hash);
    if (!begin) return;
    transfer.resumed_at = *begin;
    if (!send_bytes(file, transfer, hash)) return;
    auto digest = hash.digest();
    wire_->write(Whole{digest}, options_.timeout);
    transfer.verdict = wire_->expect<Answer>(with_time_for(transfer.size, options_.timeout)).verdict;
    if (is_good(transfer.verdict)) transfer.sha256 = to_hex(digest);
}

/// Where to begin, with what comes before in `hash`; none where the receiver wants no bytes.
std::optional<std::uint64_t> Sender::agree(int file, Transfer& transfer, Sha256& hash) {
    auto reply = wire_->read_more(options_.timeout);
    if (auto* go = std::get_if<Go>(&reply); go && go->offset > 0) {
        auto kept = go->offset;
        if (kept > transfer.size || !options_.resume) wire_->raise_protocol_error("more was kept than there is");
        if (!hash_beginning(hash, file, kept)) throw OSError(transfer.name + ": the file has become shorter");
        wire_->write(Prefix{hash.digest()}, options_.timeout);
        reply = wire_->read_more(with_time_for(kept, options_.timeout));
        go = std::get_if<Go>(&reply);
        if (go && go->offset == kept) return kept;
        hash.reset();
    }
    if (auto* go = std::get_if<Go>(&reply)) {
        if (go->offset != 0) wire_->raise_out_of_order();
        return 0;
    }
    auto* answer = std::get_if<Answer>(&reply);
    if (!answer || answer->verdict == Verdict::received) wire_->raise_out_of_order();
    transfer.verdict = answer->verdict;
    if (answer->verdict == Verdict::already_there) transfer.resumed_at = transfer.size;
    return std::nullopt;
}

/// False where the receiver has broken it off, and said why.
bool Sender::send_bytes(int file, Transfer& transfer, Sha256& hash) {
    auto memory = Buffer::with_capacity(at_once);
    auto report = [&](std::uint64_t done) {
        if (options_.progress) options_.progress(transfer, done);
    };
    std::uint64_t done = transfer.resumed_at;
    report(done);
    while (done < transfer.size) {
        if (wire_->has_input()) return take_reason(transfer, options_.timeout), false;
        auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(at_once, transfer.size - done));
        auto bytes = read_fully(file, memory.room().first(piece), done);
        if (bytes.size() < piece) throw OSError(transfer.name + ": the file has become shorter");
        hash.update(bytes);
        if (!wire_->write_file(file, done, piece, options_.timeout))
            return take_reason(transfer, patience_for_a_reason), false;
        done += piece;
        report(done);
    }
    return true;
}

/// The receiver's answer, given before its time.
void Sender::take_reason(Transfer& transfer, Timeout limit) {
    auto verdict = wire_->expect<Answer>(limit).verdict;
    if (is_good(verdict)) wire_->raise_out_of_order();
    transfer.verdict = verdict;
    ended_ = true;
}

}  // namespace bight::file_transfer
