// SPDX-License-Identifier: BSL-1.0
/// Files over a connection, done right: framed, verified by SHA-256, resumed after a break. Of the component
/// `bight::openssl`: link that, for the checksums are OpenSSL's.
///
///     const file_transfer::Inbox inbox("uploads");
///     struct Upload : file_transfer::ReceiveHandler {
///         Upload() : ReceiveHandler(inbox) {}
///     };
///     socketserver::ThreadingTCPServer<Upload>({"127.0.0.1", 7000}).serve_forever();
///
/// and on the other side
///
///     auto connection = socket::create_connection({"127.0.0.1", 7000});
///     auto sent = file_transfer::Sender(connection).send("holiday/picture.png");
#pragma once

#include <bight/file_descriptor.h>
#include <bight/file_transfer/verdict.h>
#include <bight/socket.h>
#include <bight/socketserver/server.h>
#include <bight/time.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bight {
class Sha256;
}

namespace bight::file_transfer {

/// What was offered, and what became of it. On either side the name may be a stranger's: print it through printable().
struct Transfer {
    std::string name{};
    std::uint64_t size = 0;
    std::uint64_t resumed_at = 0;  // so many bytes were there from an earlier attempt
    Verdict verdict = Verdict::failed;
    std::string reason{};  // for a refused name: what is wrong with it; at the receiver's only
    std::string sha256{};  // in hex; of a file that was received

    /// Whether the file stands complete at the receiver's.
    explicit operator bool() const noexcept { return is_good(verdict); }
};

/// Is told of each step within a file, at its beginning and end too; `done` counts what was there before.
using Progress = std::function<void(const Transfer& transfer, std::uint64_t done)>;

/// The bytes did not follow the protocol: EPROTO.
class ProtocolError : public OSError {
    using OSError::OSError;
};

// ---- Receiving. --------------------------------------------------------------------------------------------------------

struct ReceiveOptions {
    std::uint64_t max_size = std::uint64_t{1} << 30;  // bytes of one file
    std::size_t max_files = 1000;                     // that may be offered on one connection
    bool overwrite = false;                           // replace a file of the same name, once the new one is complete
    bool resume = true;                               // keep what came of a file when its connection breaks

    /// For each wait: for the next offer, for bytes, for the peer to take an answer. None: no limit, and no least rate.
    Timeout timeout = std::chrono::seconds(30);

    /// Bytes a second that have to come on the average of each `timeout`.
    std::uint64_t min_rate = 100;
};

/// A folder that files come into, and the rules for it. Any number of receivers, in threads or processes, may share one.
///
/// Files stand in the folder itself, for this user only (mode 0600), and under their name once they are complete,
/// verified and on the disk; until then under a name of their own, ".bight-….part". Names that could lead elsewhere or
/// mislead are refused, links are not followed, and what has a name is not replaced unless told. Whoever else may write
/// to the folder is trusted.
class Inbox {
public:
    /// Opens the folder, which must exist; it may be moved afterwards. Raises OSError.
    explicit Inbox(const std::string& folder, const ReceiveOptions& options = {});

    const ReceiveOptions& options() const noexcept { return options_; }
    int fileno() const noexcept { return folder_.fileno(); }

private:
    FileDescriptor folder_;
    ReceiveOptions options_;
};

class Wire;
class Landing;

/// The receiving side of one connection, whose mode it changes as it needs. Memory: 128 KiB, whatever is announced.
class Receiver {
public:
    /// Both must outlive it.
    Receiver(Socket& connection, const Inbox& inbox, Progress progress = {});
    ~Receiver();
    Receiver(Receiver&&) noexcept;

    /// Waits for the next file, and returns once it stands complete in the inbox or was refused; none once the sender
    /// has finished, or has offered more files than it may.
    ///
    /// Raises ConnectionError where the sender ends within a file, TimeoutError where it is silent or too slow,
    /// ProtocolError, and OSError where the file cannot be written; the sender is told, and the connection is good for
    /// closing only. What came before a connection broke is kept, for a sender that comes again with the same name and size
    /// and proves that the file begins with the same bytes. Where the disk is full it goes.
    std::optional<Transfer> receive();

private:
    std::optional<Transfer> next_file();
    Verdict receive_offered(Transfer& transfer, bool afresh);
    bool is_proven(Transfer& transfer, const FileDescriptor& file);
    Verdict take_bytes(Landing& landing, Transfer& transfer);
    void part_after_failure(Verdict verdict) noexcept;

    std::unique_ptr<Wire> wire_;
    const Inbox* inbox_;
    Progress progress_;
    std::size_t offers_ = 0;
    bool ended_ = false;
};

/// Receives every file of a connection; for servers of streams. A class that derives from it says which inbox, and may
/// override received().
class ReceiveHandler : public socketserver::BaseRequestHandler {
public:
    /// The inbox must outlive the server.
    explicit ReceiveHandler(const Inbox& inbox) noexcept : inbox_(inbox) {}

    void handle() override;

    /// Called after each file, in the handler's thread: received or refused. Does nothing.
    virtual void received(const Transfer& transfer);

private:
    const Inbox& inbox_;
};

// ---- Sending. ----------------------------------------------------------------------------------------------------------

struct SendOptions {
    bool resume = true;  // go on where an earlier attempt broke off, if the receiver has kept that

    /// For each wait: for an answer, and for every 128 KiB to be taken. None: no limit.
    Timeout timeout = std::chrono::seconds(60);

    Progress progress{};
};

/// The sending side of one connection, whose mode it changes as it needs.
class Sender {
public:
    /// The connection must outlive it.
    explicit Sender(Socket& connection, const SendOptions& options = {});
    ~Sender();
    Sender(Sender&&) noexcept;

    /// Sends a regular file under the last part of its path, and returns what the receiver says of it.
    ///
    /// Raises OSError where the file cannot be read or has become shorter; ConnectionError where the receiver has ended,
    /// TimeoutError, ProtocolError. After any of these the connection is good for closing only, and after a verdict that
    /// the receiver gave within the file.
    Transfer send(const std::string& path);

    /// As it is now: `size` bytes from its beginning. Raises ValueError for a name that is empty or longer than 4096
    /// bytes; which others are good is for the receiver to say.
    Transfer send(const FileDescriptor& file, std::string_view name);

    /// Whether more may be sent.
    bool is_open() const noexcept { return !ended_; }

private:
    void offer(int file, Transfer& transfer);
    std::optional<std::uint64_t> agree(int file, Transfer& transfer, Sha256& hash);
    bool send_bytes(int file, Transfer& transfer, Sha256& hash);
    void take_reason(Transfer& transfer, Timeout limit);

    std::unique_ptr<Wire> wire_;
    SendOptions options_;
    bool greeted_ = false;
    bool ended_ = false;
};

}  // namespace bight::file_transfer
