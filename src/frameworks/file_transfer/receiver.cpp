// SPDX-License-Identifier: BSL-1.0
#include <bight/file_transfer.h>

#include "blocking/or_raise.h"
#include "frameworks/file_transfer/files.h"
#include "frameworks/file_transfer/landing.h"
#include "frameworks/file_transfer/wire.h"
#include "sys/folder_calls.h"
#include "values/file_transfer/names.h"

#include <cerrno>

namespace bight::file_transfer {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience_at_parting = 2s;

FileDescriptor open_inbox(const std::string& folder) {
    if (folder.find('\0') != folder.npos) throw ValueError("embedded null byte");
    return FileDescriptor(
        or_raise(uninterrupted([&] { return sys::open_folder(folder.c_str()); }), [&] { return "open " + folder; }));
}

/// Sees to it that enough comes within each `limit`.
class Pace {
public:
    explicit Pace(const ReceiveOptions& options)
        : limit_(options.timeout), rate_(options.min_rate), end_(options.timeout) {}

    Timeout left() const noexcept { return end_.left(); }

    /// After each piece, or where nothing has come in time. False: it is too slow.
    bool goes_on(std::size_t came) noexcept {
        came_ += came;
        if (end_.left() != Duration::zero()) return true;
        auto seconds = std::chrono::duration<double>(*limit_).count();
        if (came_ == 0 || static_cast<double>(came_) < static_cast<double>(rate_) * seconds) return false;
        came_ = 0;
        end_ = Deadline(limit_);
        return true;
    }

private:
    Timeout limit_;
    std::uint64_t rate_;
    std::uint64_t came_ = 0;
    Deadline end_;
};

Verdict verdict_on(const OSError& error) noexcept {
    if (dynamic_cast<const TimeoutError*>(&error)) return Verdict::too_slow;
    return error.errnum() == ENOSPC || error.errnum() == EDQUOT ? Verdict::no_space : Verdict::failed;
}

/// What has the name already.
struct Namesake {
    bool exists = false;
    bool is_regular = false;
    FileDescriptor same_size;  // open, if it is a file of the size that is offered
};

Namesake find_namesake(int folder, const Transfer& transfer) {
    auto facts = uninterrupted([&] { return sys::facts_in(folder, transfer.name.c_str()); });
    if (!facts && facts.error() == std::errc::no_such_file_or_directory) return {};
    if (!facts) raise_os_error(facts.error(), "stat " + transfer.name);
    Namesake found{true, facts->is_regular, {}};
    if (!facts->is_regular || facts->size != transfer.size) return found;
    auto opened = uninterrupted([&] { return sys::open_in(folder, transfer.name.c_str(), sys::Use::reading); });
    if (!opened) return found;
    found.same_size = FileDescriptor(*opened);
    auto now = uninterrupted([&] { return sys::facts_of(found.same_size.fileno()); });
    if (!now || !now->is_same_file(*facts) || now->size != transfer.size) found.same_size = {};
    return found;
}

}  // namespace

Inbox::Inbox(const std::string& folder, const ReceiveOptions& options)
    : folder_(open_inbox(folder)), options_(options) {
    if (options.timeout && *options.timeout <= Duration::zero()) throw ValueError("the timeout must be positive");
}

Receiver::Receiver(Socket& connection, const Inbox& inbox, Progress progress)
    : wire_(std::make_unique<Wire>(connection, FrameReader::From::sender)),
      inbox_(&inbox),
      progress_(std::move(progress)) {}

Receiver::~Receiver() = default;
Receiver::Receiver(Receiver&&) noexcept = default;

std::optional<Transfer> Receiver::receive() {
    if (ended_) return std::nullopt;
    try {
        return next_file();
    } catch (const ConnectionError&) {  // nobody is left to be told
        ended_ = true;
        throw;
    } catch (const ProtocolError&) {
        part_after_failure(Verdict::protocol_error);
        throw;
    } catch (const OSError& error) {
        part_after_failure(verdict_on(error));
        throw;
    } catch (...) {  // an interrupt hook may raise anything
        part_after_failure(Verdict::failed);
        throw;
    }
}

std::optional<Transfer> Receiver::next_file() {
    auto frame = wire_->read(inbox_->options().timeout);
    if (!frame) {
        ended_ = true;
        return std::nullopt;
    }
    auto* offer = std::get_if<Offer>(&*frame);
    if (!offer) wire_->raise_out_of_order();
    Transfer transfer{.name = std::move(offer->name), .size = offer->size};
    transfer.verdict = receive_offered(transfer, offer->afresh);
    wire_->write(Answer{transfer.verdict}, inbox_->options().timeout);
    return transfer;
}

Verdict Receiver::receive_offered(Transfer& transfer, bool afresh) {
    auto& options = inbox_->options();
    if (++offers_ > options.max_files) {
        ended_ = true;
        return Verdict::too_many;
    }
    transfer.reason = fault_of_name(transfer.name);
    if (!transfer.reason.empty()) return Verdict::name_refused;
    if (transfer.size > options.max_size) return Verdict::too_large;

    auto namesake = find_namesake(inbox_->fileno(), transfer);
    if (namesake.exists && !namesake.is_regular) return Verdict::exists;
    if (namesake.same_size && options.resume && !afresh) {
        if (is_proven(transfer, namesake.same_size)) return Verdict::already_there;
        afresh = true;
    }
    if (namesake.exists && !options.overwrite) return Verdict::exists;

    auto landing = Landing::begin(*inbox_, transfer.name, transfer.size, afresh);
    if (!landing) return landing.error();
    if (landing->kept() > 0) {
        wire_->write(Go{landing->kept()}, options.timeout);
        landing->prove(wire_->expect<Prefix>(with_time_for(landing->kept(), options.timeout)).digest);
    }
    transfer.resumed_at = landing->kept();
    wire_->write(Go{transfer.resumed_at}, options.timeout);
    return take_bytes(*landing, transfer);
}

/// Whether the sender has the very file that is here already.
bool Receiver::is_proven(Transfer& transfer, const FileDescriptor& file) {
    Sha256 hash;
    Sha256::Digest theirs = hash.digest();
    if (transfer.size > 0) {
        wire_->write(Go{transfer.size}, inbox_->options().timeout);
        theirs = wire_->expect<Prefix>(with_time_for(transfer.size, inbox_->options().timeout)).digest;
    }
    if (!hash_beginning(hash, file.fileno(), transfer.size) || hash.digest() != theirs) return false;
    transfer.resumed_at = transfer.size;
    transfer.sha256 = to_hex(theirs);
    return true;
}

Verdict Receiver::take_bytes(Landing& landing, Transfer& transfer) {
    auto& options = inbox_->options();
    Pace pace(options);
    std::uint64_t done = transfer.resumed_at;
    if (progress_) progress_(transfer, done);
    while (done < transfer.size) {
        auto data = wire_->read_raw(transfer.size - done, pace.left());
        done += data.size();
        if (!pace.goes_on(data.size()) && done < transfer.size) wire_->raise(ETIMEDOUT, "receive");
        if (data.empty()) continue;
        landing.write(data);
        if (progress_) progress_(transfer, done);
    }
    auto theirs = wire_->expect<Whole>(options.timeout).digest;
    auto verdict = landing.finish(theirs);
    if (is_good(verdict)) transfer.sha256 = to_hex(theirs);
    return verdict;
}

void Receiver::part_after_failure(Verdict verdict) noexcept {
    ended_ = true;
    try {
        wire_->write(Answer{verdict}, patience_at_parting);
    } catch (...) {}  // the sender has gone as well, or the interrupt hook wants no more waiting
    wire_->part(patience_at_parting);
}

void ReceiveHandler::handle() {
    Receiver receiver(request, inbox_);
    while (auto transfer = receiver.receive()) received(*transfer);
}

void ReceiveHandler::received(const Transfer&) {}

}  // namespace bight::file_transfer
