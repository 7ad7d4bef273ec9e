// SPDX-License-Identifier: BSL-1.0
// Every call that a receiver makes is made to fail in turn. Whatever fails: a file under its name is complete.

#include <bight/file_transfer.h>

#include "frameworks/file_transfer/sides.h"
#include "ssl/sha256.h"
#include "support/disturbances.h"
#include "support/faults.h"
#include "support/torture.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

namespace bight::file_transfer {
namespace {

using testing::Faults;
using Call = sys::Call;

Digest digest_of(Bytes bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.digest();
}

const std::string content = noise(70000);

/// All that a sender says, in advance: so one thread plays both sides.
std::string said(std::size_t kept) {
    std::string words(greeting);
    words += encode(Offer{content.size(), false, "name"});
    if (kept > 0) words += encode(Prefix{digest_of(std::string_view(content).substr(0, kept))});
    return words + content.substr(kept) + encode(Whole{digest_of(content)});
}

/// Receives the file, with `kept` bytes of it there already. Raises what goes wrong.
void receive(const Folders& folders, const ReceiveOptions& options, std::size_t kept) {
    auto [sending, receiving] = socket::socketpair();
    auto words = said(kept);  // not through the seam
    ASSERT_EQ(::send(sending.fileno(), words.data(), words.size(), MSG_DONTWAIT), static_cast<ssize_t>(words.size()));
    ::shutdown(sending.fileno(), SHUT_WR);
    const Inbox inbox(folders.root(), options);
    Receiver receiver(receiving, inbox);
    auto transfer = receiver.receive();
    if (!transfer || !*transfer) raise_os_error(EIO, "refused");
    EXPECT_EQ(transfer->resumed_at, kept);
}

void check(const Folders& folders, const ReceiveOptions& options, std::size_t kept, std::string_view before) {
    std::error_code ignored;
    for (const auto& name : names_in(folders.root())) std::filesystem::remove_all(folders.in(name), ignored);
    if (!before.empty()) write_file(folders.in("name"), before);
    static std::string part;
    if (kept > 0) {
        if (part.empty())
            part = [] {
                Sha256 hash;
                hash.update(std::string("name") + '\0' + std::to_string(content.size()));
                return ".bight-" + to_hex(Bytes(hash.digest()).slice(0, 16)) + ".part";
            }();
        write_file(folders.in(part), std::string_view(content).substr(0, kept));
    }
    auto look = [&] {
        for (const auto& name : names_in(folders.root())) {
            bool is_part = name.starts_with(".bight-") && name.ends_with(".part");
            EXPECT_TRUE(name == "name" || is_part) << name;
            if (name == "name") {
                auto now = content_of(folders.in(name));
                EXPECT_TRUE(now == content || (!before.empty() && now == before)) << now.size();
            }
        }
    };
    try {
        receive(folders, options, kept);
    } catch (...) {
        look();
        throw;
    }
    look();
    EXPECT_EQ(content_of(folders.in("name")), content);
}

constexpr std::array usual{EINTR,  EAGAIN, EBADF,  EACCES, EEXIST, EINVAL, EIO,   ELOOP, EMFILE,
                           ENOENT, ENOLCK, ENOMEM, ENOSPC, EDQUOT, EROFS,  EPIPE, EXDEV, ETIMEDOUT};

TEST(Torture, a_file_is_received) {
    Folders folders;
    testing::torture("file", [&] { check(folders, {}, 0, ""); }, usual);
}
TEST(Torture, a_file_is_received_without_limits) {
    Folders folders;
    testing::torture(
        "file, no limit", [&] { check(folders, {.timeout = std::nullopt}, 0, ""); }, std::array{EINTR, EIO, ENOSPC});
}
TEST(Torture, a_file_is_resumed) {
    Folders folders;
    testing::torture("file, resumed", [&] { check(folders, {}, 66000, ""); }, usual);
}
TEST(Torture, a_file_is_replaced) {
    Folders folders;
    testing::torture("file, replaced", [&] { check(folders, {.overwrite = true}, 0, "before"); }, usual);
}

/// Runs `scenario` with the n-th call of a kind failing, for each n until it goes through.
template <class Scenario>
int fail_each(Call which, int errnum, Scenario scenario) {
    for (int n = 0;; ++n) {
        int calls = 0;
        Faults faults([&](Call call) { return call == which && calls++ == n ? sys::Fault{errnum} : sys::Fault{}; });
        try {
            scenario();
            return n;
        } catch (const OSError&) {}
    }
}

TEST(Torture, what_was_just_made_goes_where_it_cannot_be_held) {
    Folders folders;
    for (auto call : {Call::flock, Call::stat}) {
        int failures = fail_each(call, EIO, [&] {
            try {
                receive(folders, {.resume = false}, 0);
            } catch (const OSError&) {
                EXPECT_EQ(names_in(folders.root()), std::vector<std::string>());
                throw;
            }
        });
        EXPECT_GT(failures, 0);
        std::filesystem::remove(folders.in("name"));
    }
}

/// A hook that raises what is no std::exception, when the receiver has something to tell.
TEST(Torture, an_interrupt_hook_may_raise_anything) {
    Folders folders;
    const Inbox inbox(folders.root());
    for (auto interrupted : {Call::send, Call::recv}) {
        auto [sending, receiving] = socket::socketpair();
        sending.sendall("this is no greeting");
        sending.shutdown(SHUT_WR);
        Receiver receiver(receiving, inbox);
        testing::RaisingHook hook;
        int calls = interrupted == Call::recv ? 0 : 1;  // the first recv() is for the greeting
        Faults faults([&](Call call) { return call == interrupted && calls++ > 0 ? sys::Fault{EINTR} : sys::Fault{}; });
        EXPECT_THROW(receiver.receive(), ProtocolError);
        EXPECT_FALSE(receiver.receive());
    }
}

TEST(Torture, what_a_hook_raises_ends_the_receiver) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto [sending, receiving] = socket::socketpair();
    RawSender sender(sending);
    sender.say(Offer{content.size(), false, "name"});
    sending.shutdown(SHUT_WR);
    Receiver receiver(receiving, inbox);
    {
        testing::RaisingHook hook;
        Faults faults(testing::fail(Call::recv, EINTR));
        EXPECT_THROW(receiver.receive(), testing::RaisingHook::Signal);
    }
    EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::failed);
    EXPECT_FALSE(receiver.receive());
}

// The disk is full at every write in turn; what filled it goes.
TEST(FullDisk, at_every_write) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto large = noise(1000000);
    auto path = folders.source("name", large);
    int full = ENOSPC;
    auto scenario = [&] {
        Receiving receiving(inbox);
        auto sent = Sender(receiving.peer()).send(path);
        receiving.end();
        EXPECT_EQ(sent.resumed_at, 0u);
        if (!sent) {
            EXPECT_EQ(sent.verdict, Verdict::no_space);
            EXPECT_TRUE(is<OSError>(receiving.error));
            EXPECT_EQ(names_in(folders.root()), std::vector<std::string>());
            raise_os_error(full, "told");
        }
    };
    for (int number : {ENOSPC, EDQUOT}) {
        full = number;
        EXPECT_GT(fail_each(Call::write, full, scenario), 1);
        EXPECT_EQ(content_of(folders.in("name")), large);
        std::filesystem::remove(folders.in("name"));
    }
}

// Short counts and interruptions everywhere: B034, B049.
TEST(ShortCounts, of_every_call) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto large = noise(200000);
    auto path = folders.source("name", large);
    std::atomic<unsigned> calls = 0;
    Faults faults([&](Call call) -> sys::Fault {
        using enum Call;
        bool moves = call == recv || call == send || call == sendfile || call == write || call == pread;
        bool waits = call == poll || call == fsync || call == openat2 || call == flock || call == ftruncate;
        if ((moves || waits) && ++calls % 7 == 0) return {EINTR};
        return moves ? sys::Fault{0, 997} : sys::Fault{};
    });
    Receiving receiving(inbox);
    EXPECT_EQ(Sender(receiving.peer()).send(path).verdict, Verdict::received);
    receiving.end();
    EXPECT_EQ(content_of(folders.in("name")), large);
    EXPECT_GT(calls, 500u);
}

// A file system without RENAME_NOREPLACE.
TEST(Rename, without_flags_still_replaces_nothing) {
    for (bool is_taken : {false, true}) {
        Folders folders;
        const Inbox inbox(folders.root());
        Receiving receiving(inbox);
        RawSender sender(receiving.peer());
        Faults faults(testing::fail(Call::renameat2, EINVAL));
        sender.say(Offer{3, false, "name"});
        EXPECT_EQ(sender.hear<Go>().offset, 0u);
        if (is_taken) write_file(folders.in("name"), "theirs");
        sender.send("abc").say(Whole{digest_of("abc")});
        EXPECT_EQ(sender.hear<Answer>().verdict, is_taken ? Verdict::exists : Verdict::received);
        receiving.end();
        EXPECT_EQ(content_of(folders.in("name")), is_taken ? "theirs" : "abc");
        EXPECT_EQ(names_in(folders.root()).size(), 1u);
    }
}

// What the kernel could not bring to the disk is not believed a second time.
TEST(Sync, a_failure_drops_what_came) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto path = folders.source("name", content);
    {
        Faults faults(testing::fail(Call::fsync, EIO));
        Receiving receiving(inbox);
        EXPECT_EQ(Sender(receiving.peer()).send(path).verdict, Verdict::failed);
        EXPECT_TRUE(is<OSError>(receiving.end().error));
    }
    EXPECT_TRUE(names_in(folders.root()).empty());
}

// Some file systems have no fsync(2) for folders: the file stands under its name all the same.
TEST(Sync, of_a_folder_that_has_none_is_no_failure) {
    Folders folders;
    const Inbox inbox(folders.root());
    for (int error : {EINVAL, EIO}) {
        Faults faults([error, calls = 0](Call call) mutable {
            return call == Call::fsync && ++calls == 2 ? sys::Fault{error} : sys::Fault{};
        });
        Receiving receiving(inbox);
        auto path = folders.source(std::to_string(error), content);
        EXPECT_EQ(Sender(receiving.peer()).send(path).verdict, error == EINVAL ? Verdict::received : Verdict::failed);
        receiving.end();
    }
}

}  // namespace
}  // namespace bight::file_transfer
