// SPDX-License-Identifier: BSL-1.0
#include "frameworks/file_transfer/landing.h"

#include "frameworks/file_transfer/files.h"
#include "sys/calls.h"
#include "sys/file_calls.h"
#include "sys/folder_calls.h"

#include <cerrno>
#include <utility>

namespace bight::file_transfer {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t worth_keeping = std::uint64_t{64} << 10;

// For who has broken off and comes again, while the connection of before is still being cleared away.
constexpr Duration patience_for_others = 2s;
constexpr Duration between_looks = 20ms;

std::string part_name(const std::string& name, std::uint64_t size) {
    Sha256 hash;
    hash.update(name + '\0' + std::to_string(size));
    auto digest = hash.digest();
    return ".bight-" + to_hex(Bytes(digest).slice(0, 16)) + ".part";
}

bool is_one_of(Errno error, std::initializer_list<int> numbers) {
    for (int number : numbers)
        if (error.number() == number) return true;
    return false;
}

}  // namespace

Landing::Landing(const Inbox& inbox, std::string name, std::uint64_t size)
    : inbox_(&inbox), name_(std::move(name)), part_name_(part_name(name_, size)) {}

std::expected<Landing, Verdict> Landing::begin(const Inbox& inbox, std::string name, std::uint64_t size, bool afresh) {
    Landing landing(inbox, std::move(name), size);
    if (auto opened = landing.open(); !opened) return std::unexpected(opened.error());
    auto facts = uninterrupted([&] { return sys::facts_of(landing.file_.fileno()); });
    if (!facts) landing.raise(facts.error(), "stat");
    // What this call has made is ours, whatever owner the file system says: some have one for all files.
    bool is_ours = landing.is_new_ || (facts->is_regular && facts->owner == sys::user() && facts->links == 1);
    if (!is_ours) {
        landing.file_ = {};
        landing.raise(Errno(EEXIST), "open");
    }
    bool is_wanted = inbox.options().resume && !afresh && facts->size <= size;
    if (is_wanted)
        landing.kept_ = landing.written_ = facts->size;
    else
        landing.keep(0);
    auto room = uninterrupted([&] { return sys::free_space(landing.file_.fileno()); });
    if (!room) landing.raise(room.error(), "statfs");
    if (size - landing.kept_ > *room) return std::unexpected(Verdict::no_space);
    return landing;
}

Landing::~Landing() {
    if (file_ && (written_ < worth_keeping || !inbox_->options().resume)) discard();
}

/// The file is open and locked, and it is the one that has the name.
std::expected<void, Verdict> Landing::open() {
    Deadline patience(patience_for_others);
    while (!try_to_hold()) {
        if (patience.left() == Duration::zero()) return std::unexpected(Verdict::busy);
        if (auto paused = sys::poll({}, between_looks); !paused && paused.error() == std::errc::interrupted)
            interrupted();
    }
    return {};
}

bool Landing::try_to_hold() {
    int folder = inbox_->fileno();
    auto opened = sys::create_in(folder, part_name_.c_str());
    is_new_ = opened.has_value();
    if (!opened && opened.error() == std::errc::file_exists)
        opened = sys::open_in(folder, part_name_.c_str(), sys::Use::writing);
    if (!opened) {
        // It went meanwhile; or the kernel could not tell whether the way leads out, for something was renamed.
        if (is_one_of(opened.error(), {ENOENT, EAGAIN, EINTR})) return false;
        raise(opened.error(), "open");
    }
    FileDescriptor file(*opened);
    try {
        if (!holds(file)) return false;
    } catch (...) {
        if (is_new_) (void)sys::unlink_in(folder, part_name_.c_str());
        throw;
    }
    file_ = std::move(file);
    return true;
}

/// Whether it gets the lock of the file, and the file has the name still.
bool Landing::holds(const FileDescriptor& file) const {
    if (auto locked = uninterrupted([&] { return sys::lock(file.fileno()); }); !locked) {
        if (locked.error() == std::errc::operation_would_block) return false;
        raise(locked.error(), "lock");
    }
    // Who had the lock before may have given the file its name, or removed it.
    auto ours = uninterrupted([&] { return sys::facts_of(file.fileno()); });
    if (!ours) raise(ours.error(), "stat");
    auto there = uninterrupted([&] { return sys::facts_in(inbox_->fileno(), part_name_.c_str()); });
    if (!there && there.error() != std::errc::no_such_file_or_directory) raise(there.error(), "stat");
    return there && there->is_same_file(*ours);
}

/// Drops all but the first `size` bytes.
void Landing::keep(std::uint64_t size) {
    auto cut = uninterrupted([&] { return sys::truncate(file_.fileno(), size); });
    if (!cut) raise(cut.error(), "truncate");
    kept_ = written_ = size;
}

void Landing::prove(const Sha256::Digest& digest) {
    if (hash_beginning(hash_, file_.fileno(), kept_) && hash_.digest() == digest) {
        auto stands = uninterrupted([&] { return sys::seek(file_.fileno(), kept_); });
        if (!stands) raise(stands.error(), "seek");
        return;
    }
    hash_.reset();
    keep(0);
}

void Landing::write(Bytes data) {
    hash_.update(data);
    while (!data.empty()) {
        auto wrote = uninterrupted([&] { return sys::write(file_.fileno(), data); });
        if (!wrote) {
            if (is_one_of(wrote.error(), {ENOSPC, EDQUOT})) discard();  // else it goes on filling the disk
            raise(wrote.error(), "write");
        }
        if (*wrote == 0) raise(Errno(EIO), "write");
        written_ += *wrote;
        data = data.slice(*wrote);
    }
}

Verdict Landing::finish(const Sha256::Digest& digest) {
    if (hash_.digest() != digest) {
        discard();
        return Verdict::corrupt;
    }
    int folder = inbox_->fileno();
    if (auto synced = uninterrupted([&] { return sys::sync(file_.fileno()); }); !synced) {
        discard();  // the kernel has dropped what it could not write, and would not say so again
        raise(synced.error(), "sync");
    }
    auto ours = uninterrupted([&] { return sys::facts_of(file_.fileno()); });
    if (!ours) raise(ours.error(), "stat");
    auto there = uninterrupted([&] { return sys::facts_in(folder, part_name_.c_str()); });
    if (!there) raise(there.error(), "stat");
    if (!there->is_same_file(*ours)) {
        file_ = {};
        raise(Errno(EEXIST), "rename");
    }
    auto replace = inbox_->options().overwrite ? sys::Replace::yes : sys::Replace::no;
    auto renamed = uninterrupted([&] { return sys::rename_in(folder, part_name_.c_str(), name_.c_str(), replace); });
    if (!renamed && is_one_of(renamed.error(), {EEXIST, EISDIR, ENOTEMPTY})) {
        discard();
        return Verdict::exists;
    }
    if (!renamed) raise(renamed.error(), "rename");
    file_ = {};
    auto synced = uninterrupted([&] { return sys::sync(folder); });
    bool has_none = !synced && synced.error() == std::errc::invalid_argument;  // of folders, the file system
    if (!synced && !has_none) raise(synced.error(), "sync");
    return Verdict::received;
}

void Landing::discard() noexcept {
    (void)sys::unlink_in(inbox_->fileno(), part_name_.c_str());
    file_ = {};
}

void Landing::raise(Errno error, std::string_view call) const {
    raise_os_error(error, std::string(call).append(" the file that receives ").append(name_));
}

}  // namespace bight::file_transfer
