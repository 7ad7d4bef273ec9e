// SPDX-License-Identifier: BSL-1.0
// What a hostile sender can say to a receiver: names, sizes, lies about them, silence; and links put in its way.

#include <bight/file_transfer.h>
#include <bight/printable.h>

#include "frameworks/file_transfer/sides.h"
#include "ssl/sha256.h"
#include "support/hostile_names.h"

#include <atomic>
#include <cstdlib>
#include <mutex>

#include <sys/inotify.h>
#include <unistd.h>

namespace bight::file_transfer {
namespace {

/// Is told by the kernel of everything that happens to the names and files of a folder.
class Watch {
public:
    explicit Watch(const std::string& folder) : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
        constexpr auto changes = IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB;
        EXPECT_GE(::inotify_add_watch(fd_.fileno(), folder.c_str(), changes), 0);
    }
    bool has_seen_anything() {
        char events[4096];
        return ::read(fd_.fileno(), events, sizeof events) > 0;
    }

private:
    FileDescriptor fd_;
};

std::size_t resident_bytes() {
    std::size_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

Digest digest_of(Bytes bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.digest();
}

/// 10,000 in the deep tests, for which this is set.
int tries(int usual) {
    const char* deep = std::getenv("BIGHT_DEEP");
    return deep && *deep ? 10000 : usual;
}

// B116. Nothing happens beside the root, and nothing in it.
TEST(Hostile, names) {
    Folders folders;
    Watch outside(folders.folder.path("")), root(folders.root());
    const Inbox inbox(folders.root());
    Receiving receiving(inbox);
    RawSender sender(receiving.peer());
    auto names = testing::hostile_names();
    ASSERT_LE(names.size(), inbox.options().max_files);
    for (const auto& name : names) {
        sender.say(Offer{3, false, name});
        EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::name_refused) << printable(name);
    }
    sender.say(Offer{1, false, std::string(longest_announced_name, 'x')});
    EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::name_refused);
    receiving.end();
    EXPECT_FALSE(receiving.error);
    EXPECT_FALSE(outside.has_seen_anything());
    EXPECT_FALSE(root.has_seen_anything());
    for (const auto& transfer : receiving.transfers) EXPECT_NE(transfer.reason, "");
}

TEST(Hostile, harmless_names_each_become_one_file) {
    Folders folders;
    const Inbox inbox(folders.root());
    Receiving receiving(inbox);
    RawSender sender(receiving.peer());
    auto names = testing::harmless_names();
    for (const auto& name : names) {
        sender.say(Offer{name.size(), false, name});
        EXPECT_EQ(sender.hear<Go>().offset, 0u) << name;
        sender.send(name).say(Whole{digest_of(name)});
        EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::received) << name;
    }
    receiving.end();
    std::ranges::sort(names);
    EXPECT_EQ(names_in(folders.root()), names);
    for (const auto& name : names) EXPECT_EQ(content_of(folders.in(name)), name);
}

// B113: what is announced takes no memory and no disk.
TEST(Hostile, sizes) {
    Folders folders;
    constexpr std::uint64_t two = 2;
    bool is_warm = false;  // what threads and sockets need for themselves is there after the first
    for (std::uint64_t size : {(two << 29) + 1, (two << 30) - 1, two << 30, (two << 30) + 1, (two << 31) - 1, two << 31,
                               (two << 31) + 1, largest_size - 1, largest_size}) {
        const Inbox usual(folders.root()), boundless(folders.root(), {.max_size = largest_size});
        Receiving refusing(usual), taking(boundless);
        auto before = resident_bytes();
        RawSender refused(refusing.peer()), taken(taking.peer());
        refused.say(Offer{size, false, "name"});
        EXPECT_EQ(refused.hear<Answer>().verdict, Verdict::too_large) << size;
        taken.say(Offer{size, false, "name"});
        auto answer = taken.hear();
        bool is_taken = *answer == Frame(Go{0});
        EXPECT_TRUE(is_taken || *answer == Frame(Answer{Verdict::no_space}));
        EXPECT_FALSE(is_taken && size > two << 50);
        if (is_taken) taken.send("0123456789");
        taking.end();
        refusing.end();
        if (is_warm) {
            EXPECT_LT(resident_bytes(), before + (two << 19));
        }
        is_warm = true;
        EXPECT_TRUE(names_in(folders.root()).empty());
    }
    for (std::uint64_t size : {~std::uint64_t{0}, largest_size + 1}) {  // negative, elsewhere
        const Inbox inbox(folders.root(), {.max_size = ~std::uint64_t{0}});
        Receiving receiving(inbox);
        RawSender sender(receiving.peer());
        sender.say(Offer{size, false, "name"});
        EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::protocol_error);
        EXPECT_TRUE(is<ProtocolError>(receiving.end().error));
    }
}

TEST(Hostile, less_is_sent_than_announced) {
    Folders folders;
    const Inbox inbox(folders.root());
    for (std::size_t sent : {0u, 1u, 99999u}) {
        Receiving receiving(inbox);
        RawSender sender(receiving.peer());
        sender.say(Offer{100000, true, "name"});
        EXPECT_EQ(sender.hear<Go>().offset, 0u);
        sender.send(std::string(sent, 'x'));
        EXPECT_TRUE(is<ConnectionResetError>(receiving.end().error));
        EXPECT_FALSE(std::filesystem::exists(folders.in("name")));
    }
}

TEST(Hostile, more_is_sent_than_announced) {
    Folders folders;
    const Inbox inbox(folders.root());
    Receiving receiving(inbox);
    RawSender sender(receiving.peer());
    sender.say(Offer{3, false, "name"});
    EXPECT_EQ(sender.hear<Go>().offset, 0u);
    sender.send("abcd").say(Whole{digest_of("abc")});
    EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::protocol_error);
    EXPECT_TRUE(is<ProtocolError>(receiving.end().error));
    EXPECT_TRUE(names_in(folders.root()).empty());
}

TEST(Hostile, frames_out_of_order) {
    Folders folders;
    const Inbox inbox(folders.root());
    for (const Frame& frame : {Frame(Go{0}), Frame(Prefix{}), Frame(Whole{}), Frame(Answer{Verdict::received})}) {
        Receiving receiving(inbox);
        RawSender sender(receiving.peer());
        sender.say(frame);
        EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::protocol_error);
        EXPECT_TRUE(is<ProtocolError>(receiving.end().error));
    }
    Receiving receiving(inbox);
    receiving.peer().sendall("GET / HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(is<ProtocolError>(receiving.end().error));
    Receiving silent(inbox);  // somebody who only looks whether the port is open
    EXPECT_FALSE(silent.end().error);
}

// B115: who keeps silent, or trickles, does not hold a place for ever.
TEST(Hostile, silence_and_trickles_end) {
    Folders folders;
    const Inbox silence(folders.root(), {.timeout = 1s});
    const Inbox trickle(folders.root(), {.timeout = 1s, .min_rate = 1000000000});
    Receiving silent(silence), stalled(silence), trickling(trickle);
    RawSender says_nothing(silent.peer()), stalls(stalled.peer()), trickles(trickling.peer());
    stalls.say(Offer{1000000, false, "stalled"});
    EXPECT_EQ(stalls.hear<Go>().offset, 0u);
    trickles.say(Offer{1000000, false, "trickling"});
    EXPECT_EQ(trickles.hear<Go>().offset, 0u);
    trickles.send("x");
    for (RawSender* sender : {&says_nothing, &stalls, &trickles})
        EXPECT_EQ(sender->hear<Answer>().verdict, Verdict::too_slow);
    for (Receiving* receiving : {&silent, &stalled, &trickling}) EXPECT_TRUE(is<TimeoutError>(receiving->end().error));
    EXPECT_TRUE(names_in(folders.root()).empty());
}

TEST(Hostile, what_lies_where_a_file_would_be_kept_is_left_alone) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto outside = folders.source("outside", "outside");
    std::string part;
    {
        Receiving receiving(inbox);
        RawSender sender(receiving.peer());
        sender.say(Offer{3, false, "name"});
        EXPECT_EQ(sender.hear<Go>().offset, 0u);
        part = folders.in(names_in(folders.root()).at(0));
        receiving.end();
    }
    auto attempt = [&] {
        Receiving receiving(inbox);
        RawSender sender(receiving.peer());
        sender.say(Offer{3, false, "name"});
        EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::failed);
        EXPECT_TRUE(is<OSError>(receiving.end().error));
        std::filesystem::remove(part);
    };
    std::filesystem::create_symlink(outside, part);
    attempt();
    std::filesystem::create_hard_link(outside, part);
    attempt();
    std::filesystem::create_directory(part);
    attempt();
    EXPECT_EQ(content_of(outside), "outside");
}

/// One of the things that could make a receiver write elsewhere, or takes it away again: links to a folder outside where a
/// file or its part may come, and in place of the root.
void swap(const Folders& folders, const std::string& part, unsigned choice) {
    std::error_code ignored;
    auto secret = folders.folder.path("outside/secret"), name = folders.in("name");
    switch (choice % 8) {
        case 0: std::filesystem::create_symlink(secret, name, ignored); break;
        case 1: std::filesystem::create_symlink(secret, part, ignored); break;
        case 2: std::filesystem::remove(part, ignored); break;
        case 3:
            std::filesystem::rename(folders.root(), folders.folder.path("aside"), ignored);
            std::filesystem::create_symlink("outside", folders.root(), ignored);
            std::filesystem::remove(folders.root(), ignored);
            std::filesystem::rename(folders.folder.path("aside"), folders.root(), ignored);
            break;
        default: std::filesystem::remove(name, ignored); break;
    }
}

// A file is received again and again, while somebody puts links in its way: never is anything written outside.
TEST(Hostile, links_are_swapped_in_while_files_come) {
    Folders folders;
    std::filesystem::create_directory(folders.folder.path("outside"));
    write_file(folders.folder.path("outside/secret"), "secret");
    const Inbox inbox(folders.root(), {.max_files = 100000, .overwrite = true});
    Watch outside(folders.folder.path("outside"));
    std::string part;
    {
        Receiving receiving(inbox);
        RawSender sender(receiving.peer());
        sender.say(Offer{3, false, "name"});
        EXPECT_EQ(sender.hear<Go>().offset, 0u);
        part = folders.in(names_in(folders.root()).at(0));
        receiving.end();
    }
    std::atomic<bool> ended = false;
    std::mutex pause;
    std::jthread swapping([&] {
        for (std::minstd_rand numbers(1); !ended;) {
            std::lock_guard lock(pause);
            swap(folders, part, static_cast<unsigned>(numbers() >> 8));
        }
    });
    int received = 0, undisturbed = 0;
    for (int i = 0; i < tries(300); ++i) {
        std::unique_lock lock(pause, std::defer_lock);
        if (i % 10 == 0) {  // some go well, or the others would prove nothing
            lock.lock();
            for (unsigned choice : {2u, 4u}) swap(folders, part, choice);
            ++undisturbed;
        }
        Receiving receiving(inbox);
        RawSender sender(receiving.peer());
        sender.say(Offer{3, true, "name"});
        if (auto answer = sender.hear(); answer && *answer == Frame(Go{0})) {
            sender.send("abc").say(Whole{digest_of("abc")});
            if (auto last = sender.hear(); last && *last == Frame(Answer{Verdict::received})) ++received;
        }
        receiving.end();
    }
    ended = true;
    swapping.join();
    EXPECT_FALSE(outside.has_seen_anything());
    EXPECT_EQ(content_of(folders.folder.path("outside/secret")), "secret");
    EXPECT_GE(received, undisturbed);
}

}  // namespace
}  // namespace bight::file_transfer
