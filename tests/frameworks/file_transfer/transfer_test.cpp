// SPDX-License-Identifier: BSL-1.0
#include <bight/file_transfer.h>
#include <bight/socketserver.h>

#include "frameworks/file_transfer/sides.h"
#include "ssl/sha256.h"

#include <array>
#include <atomic>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bight::file_transfer {
namespace {

Transfer send_one(const Inbox& inbox, const std::string& path, const SendOptions& options = {}) {
    Receiving receiving(inbox);
    auto sent = Sender(receiving.peer(), options).send(path);
    receiving.end();
    EXPECT_FALSE(receiving.error);
    EXPECT_EQ(receiving.transfers.size(), 1u);
    if (!receiving.transfers.empty()) {
        EXPECT_EQ(receiving.transfers[0].verdict, sent.verdict);
        EXPECT_EQ(receiving.transfers[0].sha256,
                  sent.verdict == Verdict::already_there ? receiving.transfers[0].sha256 : sent.sha256);
    }
    return sent;
}

/// Begins to send `content` under `name` and breaks off after `size` bytes. Whether that raised at the receiver's.
void break_off(const Inbox& inbox, const std::string& name, std::string_view content, std::size_t size) {
    Receiving receiving(inbox);
    RawSender sender(receiving.peer());
    sender.say(Offer{content.size(), true, name});
    EXPECT_EQ(sender.hear<Go>().offset, 0u);
    sender.send(content.substr(0, size));
    receiving.end();
    EXPECT_TRUE(is<ConnectionResetError>(receiving.error));
    EXPECT_TRUE(receiving.transfers.empty());
}

TEST(Sha256, is_what_others_say) {
    Sha256 hash;
    EXPECT_EQ(to_hex(hash.digest()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash.update("a");
    hash.update("bc");  // FIPS 180-2, B.1
    EXPECT_EQ(to_hex(hash.digest()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(hash.digest()), to_hex(hash.digest()));
    hash.reset();
    hash.update("abc");
    EXPECT_EQ(to_hex(hash.digest()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// B049, B116: size and name in one piece or in many, files of any size.
TEST(FileTransfer, files_of_all_sizes_come_whole_and_private) {
    Folders folders;
    const Inbox inbox(folders.root());
    for (std::size_t size : {0u, 1u, 18964u, 131071u, 131072u, 131073u, 1000000u}) {
        auto content = noise(size);
        auto name = "file-" + std::to_string(size);
        auto sent = send_one(inbox, folders.source(name, content));
        EXPECT_EQ(sent.verdict, Verdict::received);
        EXPECT_EQ(sent.size, size);
        EXPECT_EQ(sent.resumed_at, 0u);
        Sha256 hash;
        hash.update(content);
        EXPECT_EQ(sent.sha256, to_hex(hash.digest()));
        EXPECT_EQ(content_of(folders.in(name)), content);
        struct stat status{};
        ASSERT_EQ(::stat(folders.in(name).c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u);
    }
    EXPECT_EQ(names_in(folders.root()).size(), 7u);
}

TEST(FileTransfer, many_files_on_one_connection_and_refusals_between) {
    Folders folders;
    const Inbox inbox(folders.root(), {.max_size = 1000, .max_files = 4});
    Receiving receiving(inbox);
    Sender sender(receiving.peer());
    EXPECT_EQ(sender.send(folders.source("one", "1")).verdict, Verdict::received);
    EXPECT_EQ(sender.send(folders.source(".hidden", "?")).verdict, Verdict::name_refused);
    EXPECT_EQ(sender.send(folders.source("large", noise(1001))).verdict, Verdict::too_large);
    EXPECT_EQ(sender.send(folders.source("two", "2")).verdict, Verdict::received);
    EXPECT_EQ(sender.send(folders.source("three", "3")).verdict, Verdict::too_many);
    receiving.end();
    EXPECT_FALSE(receiving.error);
    ASSERT_EQ(receiving.transfers.size(), 5u);
    EXPECT_EQ(receiving.transfers[1].reason, "it begins with a dot");
    EXPECT_EQ(names_in(folders.root()), (std::vector<std::string>{"one", "two"}));
}

TEST(FileTransfer, what_has_a_name_is_not_replaced) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto source = folders.source("name", "mine");
    write_file(folders.in("name"), "theirs, and longer");
    EXPECT_EQ(send_one(inbox, source).verdict, Verdict::exists);
    write_file(folders.in("name"), "1234");  // the same size
    EXPECT_EQ(send_one(inbox, source).verdict, Verdict::exists);
    EXPECT_EQ(content_of(folders.in("name")), "1234");
    EXPECT_EQ(names_in(folders.root()).size(), 1u);
}

TEST(FileTransfer, the_same_file_is_already_there) {
    Folders folders;
    const Inbox inbox(folders.root());
    for (std::size_t size : {0u, 5u, 200000u}) {
        auto source = folders.source("name" + std::to_string(size), noise(size));
        EXPECT_EQ(send_one(inbox, source).verdict, Verdict::received);
        auto again = send_one(inbox, source);
        EXPECT_EQ(again.verdict, Verdict::already_there);
        EXPECT_EQ(again.resumed_at, size);
        EXPECT_EQ(send_one(inbox, source, {.resume = false}).verdict, Verdict::exists);
    }
}

TEST(FileTransfer, overwriting_is_an_option) {
    Folders folders;
    const Inbox inbox(folders.root(), {.overwrite = true});
    write_file(folders.in("name"), "theirs, and longer");
    EXPECT_EQ(send_one(inbox, folders.source("name", "mine")).verdict, Verdict::received);
    EXPECT_EQ(content_of(folders.in("name")), "mine");
    EXPECT_EQ(send_one(inbox, folders.source("name", "1234")).verdict, Verdict::received);
    EXPECT_EQ(content_of(folders.in("name")), "1234");
    EXPECT_EQ(send_one(inbox, folders.source("name", "1234")).verdict, Verdict::already_there);
    EXPECT_EQ(names_in(folders.root()).size(), 1u);
}

TEST(FileTransfer, only_files_are_replaced_and_links_are_not_followed) {
    Folders folders;
    auto outside = folders.source("outside", "outside");
    std::filesystem::create_directory(folders.in("folder"));
    std::filesystem::create_symlink(outside, folders.in("link"));
    std::filesystem::create_symlink("nowhere", folders.in("dangling"));
    ASSERT_EQ(::mkfifo(folders.in("pipe").c_str(), 0600), 0);
    auto before = names_in(folders.root());
    for (bool overwrite : {false, true}) {
        const Inbox inbox(folders.root(), {.overwrite = overwrite});
        for (const char* name : {"folder", "link", "dangling", "pipe"}) {
            std::filesystem::create_directories(folders.folder.path("sources"));
            EXPECT_EQ(send_one(inbox, folders.source(std::string("sources/") + name, "new")).verdict, Verdict::exists);
        }
    }
    EXPECT_EQ(names_in(folders.root()), before);
    EXPECT_EQ(content_of(outside), "outside");
}

TEST(FileTransfer, a_broken_transfer_is_resumed) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto content = noise(1000000);
    break_off(inbox, "name", content, 600000);
    ASSERT_EQ(names_in(folders.root()).size(), 1u);
    EXPECT_TRUE(names_in(folders.root())[0].ends_with(".part"));

    std::vector<std::uint64_t> steps;
    auto sent = send_one(inbox, folders.source("name", content),
                         {.progress = [&](const Transfer&, std::uint64_t done) { steps.push_back(done); }});
    EXPECT_EQ(sent.verdict, Verdict::received);
    EXPECT_EQ(sent.resumed_at, 600000u);
    EXPECT_EQ(steps.front(), 600000u);
    EXPECT_EQ(steps.back(), 1000000u);
    EXPECT_EQ(content_of(folders.in("name")), content);
    EXPECT_EQ(names_in(folders.root()), std::vector<std::string>{"name"});
}

TEST(FileTransfer, what_was_kept_counts_only_for_a_file_that_begins_so) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto content = noise(300000, 1), other = noise(300000, 2);
    break_off(inbox, "name", content, 200000);
    EXPECT_EQ(send_one(inbox, folders.source("name", other)).resumed_at, 0u);
    EXPECT_EQ(content_of(folders.in("name")), other);

    break_off(inbox, "again", content, 200000);
    EXPECT_EQ(send_one(inbox, folders.source("again", content), {.resume = false}).resumed_at, 0u);
    EXPECT_EQ(content_of(folders.in("again")), content);
}

TEST(FileTransfer, little_and_what_is_not_to_be_resumed_is_not_kept) {
    Folders folders;
    auto content = noise(300000);
    break_off(Inbox(folders.root()), "name", content, 60000);
    break_off(Inbox(folders.root(), {.resume = false}), "name", content, 200000);
    EXPECT_TRUE(names_in(folders.root()).empty());
}

TEST(FileTransfer, two_senders_of_one_file) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto content = noise(200000);
    Receiving first(inbox), second(inbox);
    RawSender slow(first.peer());
    slow.say(Offer{content.size(), false, "name"});
    EXPECT_EQ(slow.hear<Go>().offset, 0u);
    auto source = folders.source("name", content);
    Sender sender(second.peer());
    EXPECT_EQ(sender.send(source).verdict, Verdict::busy);  // after a while
    first.end();
    EXPECT_EQ(sender.send(source).verdict, Verdict::received);
    second.end();
}

TEST(FileTransfer, of_two_files_with_one_name_the_first_that_is_complete_wins) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto content = noise(200000);
    Receiving first(inbox), second(inbox);
    RawSender slow(first.peer());
    slow.say(Offer{content.size(), false, "name"});
    EXPECT_EQ(slow.hear<Go>().offset, 0u);
    EXPECT_EQ(Sender(second.peer()).send(folders.source("name", "short")).verdict, Verdict::received);
    Sha256 hash;
    hash.update(content);
    slow.send(content).say(Whole{hash.digest()});
    EXPECT_EQ(slow.hear<Answer>().verdict, Verdict::exists);
    first.end();
    second.end();
    EXPECT_EQ(content_of(folders.in("name")), "short");
    EXPECT_EQ(names_in(folders.root()).size(), 1u);
}

TEST(FileTransfer, many_senders_at_once) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto content = noise(300000);
    std::vector<std::string> sources;
    for (int i = 0; i < 8; ++i) sources.push_back(folders.source("file-" + std::to_string(i % 4), content));
    std::vector<std::jthread> threads;
    std::array<Verdict, 8> verdicts{};
    for (std::size_t i = 0; i < 8; ++i)
        threads.emplace_back([&, i] { verdicts[i] = send_one(inbox, sources[i]).verdict; });
    threads.clear();
    for (std::size_t i = 0; i < 4; ++i) {  // of two that send the same, one finds it there, if it was not too early
        EXPECT_TRUE(is_good(verdicts[i]) || is_good(verdicts[i + 4]));
        EXPECT_EQ(content_of(folders.in("file-" + std::to_string(i))), content);
    }
    EXPECT_EQ(names_in(folders.root()).size(), 4u);
}

TEST(FileTransfer, the_inbox_may_move_while_a_file_comes) {
    Folders folders;
    const Inbox inbox(folders.root());
    Receiving receiving(inbox);
    RawSender sender(receiving.peer());
    sender.say(Offer{3, false, "name"});
    EXPECT_EQ(sender.hear<Go>().offset, 0u);
    std::filesystem::rename(folders.root(), folders.folder.path("moved"));
    std::filesystem::create_directory(folders.folder.path("elsewhere"));
    std::filesystem::create_directory_symlink("elsewhere", folders.root());
    Sha256 hash;
    hash.update("abc");
    sender.send("abc").say(Whole{hash.digest()});
    EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::received);
    receiving.end();
    EXPECT_EQ(names_in(folders.folder.path("moved")), std::vector<std::string>{"name"});
    EXPECT_TRUE(names_in(folders.folder.path("elsewhere")).empty());
}

// Large files have more time than the limit says: that must not pass the end of the clock.
TEST(FileTransfer, a_limit_may_be_as_long_as_there_is) {
    Folders folders;
    const Inbox inbox(folders.root(), {.timeout = Duration::max()});
    auto path = folders.source("name", "");
    std::filesystem::resize_file(path, std::uint64_t{17} << 20);
    EXPECT_EQ(send_one(inbox, path, {.timeout = Duration::max()}).verdict, Verdict::received);
    EXPECT_EQ(send_one(inbox, path, {.timeout = Duration::max()}).verdict, Verdict::already_there);
}

// As on file systems that know no owners, and say one for all files: here the kernel makes files for another user.
TEST(FileTransfer, a_file_that_was_just_made_may_have_any_owner) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make files for others";
    Folders folders;
    std::filesystem::permissions(folders.root(), std::filesystem::perms::all);
    const Inbox inbox(folders.root());
    auto [sending, receiving] = socket::socketpair();
    sending.settimeout(20s);
    std::optional<Transfer> transfer;
    std::thread receiver([&inbox, &transfer, &connection = receiving] {
        ::syscall(SYS_setfsuid, 65534);  // of this thread only
        EXPECT_NO_THROW(transfer = Receiver(connection, inbox).receive());
    });
    EXPECT_EQ(Sender(sending).send(folders.source("name", "content")).verdict, Verdict::received);
    receiver.join();
    EXPECT_TRUE(transfer && *transfer);
    struct stat facts{};
    ASSERT_EQ(::stat(folders.in("name").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_uid, 65534u);
}

TEST(FileTransfer, the_inbox_must_be_a_folder) {
    Folders folders;
    EXPECT_THROW(Inbox(folders.folder.path("missing")), FileNotFoundError);
    EXPECT_THROW(Inbox(folders.source("file", "")), NotADirectoryError);
    EXPECT_THROW(Inbox(std::string("a\0b", 3)), ValueError);
    EXPECT_THROW(Inbox(folders.root(), {.timeout = 0s}), ValueError);
}

TEST(Sender, takes_regular_files_only) {
    Folders folders;
    auto [near, far] = socket::socketpair();
    Sender sender(near);
    ASSERT_EQ(::mkfifo(folders.folder.path("pipe").c_str(), 0600), 0);
    EXPECT_THROW(sender.send(folders.folder.path("missing")), FileNotFoundError);
    EXPECT_THROW(sender.send(folders.root()), OSError);
    EXPECT_THROW(sender.send(folders.folder.path("pipe")), OSError);  // and does not wait for a writer
    EXPECT_THROW(sender.send(FileDescriptor::open("/dev/null"), "null"), OSError);
    EXPECT_THROW(sender.send(FileDescriptor::open(folders.source("file", "")), ""), ValueError);
    near.close();
    EXPECT_FALSE(far.recv(1));  // nothing was said
}

// The checksum behind a small file does not wait for the acknowledgement of its bytes.
TEST(Sender, frames_go_out_at_once) {
    auto listener = socket::create_server({"127.0.0.1", 0});
    auto connection = socket::create_connection(listener.getsockname());
    ASSERT_EQ(connection.getsockopt(IPPROTO_TCP, TCP_NODELAY), 0);
    Sender sender(connection);
    EXPECT_NE(connection.getsockopt(IPPROTO_TCP, TCP_NODELAY), 0);
    auto closed = Socket::closed();
    EXPECT_THROW(Sender{closed}, ClosedError);
}

TEST(Sender, sees_that_a_file_becomes_shorter) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto path = folders.source("name", noise(500000));
    Receiving receiving(inbox);
    SendOptions options{.progress = [&](const Transfer&, std::uint64_t done) {
        if (done > 0) std::filesystem::resize_file(path, 200000);
    }};
    Sender sender(receiving.peer(), options);
    EXPECT_THROW(sender.send(path), OSError);
    EXPECT_THROW(sender.send(path), ConnectionAbortedError);  // good for closing only
    receiving.end();
    EXPECT_TRUE(is<ConnectionResetError>(receiving.error));
}

TEST(Sender, is_told_that_a_file_changed_while_it_was_sent) {
    Folders folders;
    const Inbox inbox(folders.root());
    auto path = folders.source("name", noise(500000));
    Receiving receiving(inbox);
    RawSender sender(receiving.peer());
    sender.say(Offer{3, false, "name"});
    EXPECT_EQ(sender.hear<Go>().offset, 0u);
    Sha256 hash;
    hash.update("abd");
    sender.send("abc").say(Whole{hash.digest()});
    EXPECT_EQ(sender.hear<Answer>().verdict, Verdict::corrupt);
    receiving.end();
    EXPECT_FALSE(receiving.error);
    EXPECT_EQ(receiving.transfers.at(0).verdict, Verdict::corrupt);
    EXPECT_TRUE(names_in(folders.root()).empty());
}

TEST(Sender, does_not_trust_the_receiver) {
    Folders folders;
    auto path = folders.source("name", "abc");
    auto answered = [&](std::string_view answer, SendOptions options = {}) {
        auto [near, far] = socket::socketpair();
        far.sendall(answer);
        far.shutdown(SHUT_WR);
        Sender(near, options).send(path);
    };
    EXPECT_THROW(answered(encode(Go{4})), ProtocolError);  // more than there is
    EXPECT_THROW(answered(encode(Go{3}) + encode(Go{2})), ProtocolError);
    EXPECT_THROW(answered(encode(Go{1}), {.resume = false}), ProtocolError);
    EXPECT_THROW(answered(encode(Answer{Verdict::received})), ProtocolError);  // before anything was sent
    EXPECT_THROW(answered(encode(Offer{1, false, "x"})), ProtocolError);
    EXPECT_THROW(answered(encode(Go{0}) + encode(Answer{Verdict::received})), ProtocolError);
    EXPECT_THROW(answered("220 mail.example ESMTP\r\n"), ProtocolError);
    EXPECT_THROW(answered(""), ConnectionError);
    EXPECT_THROW(answered(encode(Go{0}).substr(0, 5)), ConnectionError);
    auto [near, far] = socket::socketpair();
    EXPECT_THROW(Sender(near, {.timeout = 20ms}).send(path), TimeoutError);
}

TEST(Sender, hears_early_that_the_receiver_has_failed) {
    Folders folders;
    auto path = folders.source("name", noise(100 << 20 >> 4));
    auto [near, far] = socket::socketpair();
    near.settimeout(10s);
    far.sendall(encode(Go{0}) + encode(Answer{Verdict::no_space}));
    Sender sender(near);
    EXPECT_EQ(sender.send(path).verdict, Verdict::no_space);  // though nobody reads
    EXPECT_THROW(sender.send(path), ConnectionAbortedError);
}

const Inbox* served_inbox = nullptr;

struct Upload : ReceiveHandler {
    Upload() : ReceiveHandler(*served_inbox) {}
    void received(const Transfer& transfer) override {
        if (transfer) ++files;
    }
    static inline std::atomic<int> files = 0;
};

// A failure ends only that connection.
template <class Server>
void serve() {
    Folders folders;
    const Inbox inbox(folders.root());
    served_inbox = &inbox;
    Upload::files = 0;
    struct Quiet : Server {
        using Server::Server;
        ~Quiet() override { this->abort_requests(); }
        void handle_error(socketserver::Request&, const Address&) override { ++errors; }
        std::atomic<int> errors = 0;
    } server({"127.0.0.1", 0});
    std::jthread serving([&] { server.serve_forever(); });
    socket::create_connection(server.server_address()).sendall("GET / HTTP/1.0\r\n\r\n");
    auto broken = socket::create_connection(server.server_address());
    broken.sendall(std::string(greeting) + encode(Offer{100000, false, "name"}));
    auto content = noise(100000);
    {
        auto connection = socket::create_connection(server.server_address());
        Sender sender(connection);
        EXPECT_EQ(sender.send(folders.source("one", content)).verdict, Verdict::received);
        EXPECT_EQ(sender.send(folders.source("two", content)).verdict, Verdict::received);
    }
    server.stop(0s);  // ends the broken one
    EXPECT_EQ(Upload::files, 2);
    EXPECT_EQ(server.errors, 2);
    EXPECT_EQ(names_in(folders.root()), (std::vector<std::string>{"one", "two"}));
}

TEST(ReceiveHandler, in_a_thread_each) { serve<socketserver::ThreadingTCPServer<Upload>>(); }
TEST(ReceiveHandler, in_a_pool_of_threads) { serve<socketserver::PoolTCPServer<Upload>>(); }

}  // namespace
}  // namespace bight::file_transfer
