// SPDX-License-Identifier: BSL-1.0
/// Protocols: what a connection calls as things happen to it. Derive one, override what you want to hear of, and hand a
/// factory of it to create_server() or create_connection().
///
/// The order is connection_made(), data_received() any number of times, eof_received() at most once, connection_lost().
/// An error that leaves one of them goes to the loop's exception handler and ends its connection; what pause_writing(),
/// resume_writing() and connection_lost() raise ends nothing more.
#pragma once

#include <bight/address.h>
#include <bight/asyncio/transport.h>
#include <bight/bytes.h>
#include <bight/error.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

namespace bight::asyncio {

namespace detail {
struct ProtocolAccess;

/// The transport of a protocol, from before connection_made() on.
template <class Of>
class TransportSlot {
protected:
    TransportSlot() noexcept = default;
    TransportSlot(const TransportSlot&) = delete;
    TransportSlot& operator=(const TransportSlot&) = delete;
    ~TransportSlot() = default;

    /// What to write to. RuntimeError before connection_made().
    Of& transport() const {
        if (!transport_) throw RuntimeError("the protocol has no transport: nothing was connected yet");
        return *transport_;
    }

private:
    friend struct ProtocolAccess;
    std::shared_ptr<Of> transport_;
};

}  // namespace detail

class BaseProtocol {
public:
    virtual ~BaseProtocol() = default;

    /// The last call. `error` is null where either side has closed it regularly, or where it was aborted.
    virtual void connection_lost(std::exception_ptr) {}

    /// More waits to be sent than the high-water mark of the transport: stop writing until resume_writing().
    virtual void pause_writing() {}
    virtual void resume_writing() {}
};

/// What Protocol and BufferedProtocol share.
class StreamProtocol : public BaseProtocol, public detail::TransportSlot<Transport> {
public:
    virtual void connection_made(Transport&) {}

    /// The peer has finished sending. False closes the connection; true leaves it open to be written to.
    virtual bool eof_received() { return false; }

    using TransportSlot::transport;

private:
    friend class Protocol;
    friend class BufferedProtocol;
    StreamProtocol() noexcept = default;  // there are the two below, and no other
};

class Protocol : public StreamProtocol {
public:
    /// The bytes are lent for the time of the call.
    virtual void data_received(Bytes) {}
};

/// A protocol that says where its input is to go.
class BufferedProtocol : public StreamProtocol {
public:
    /// Where the next bytes go; `sizehint` of them are there. RuntimeError, which ends the connection, for an empty one.
    virtual MutableBytes get_buffer(std::size_t sizehint) = 0;

    /// So many bytes are in it now.
    virtual void buffer_updated(std::size_t size) = 0;
};

class DatagramProtocol : public BaseProtocol, public detail::TransportSlot<DatagramTransport> {
public:
    virtual void connection_made(DatagramTransport&) {}
    virtual void datagram_received(Bytes, const Address&) {}

    /// A send or a receive has failed; ConnectionRefusedError where nobody listens. It goes on.
    virtual void error_received(const OSError&) {}

    using TransportSlot::transport;
};

class SubprocessProtocol : public BaseProtocol, public detail::TransportSlot<SubprocessTransport> {
public:
    virtual void connection_made(SubprocessTransport&) {}

    /// The child has written to `fd`: 1 or 2.
    virtual void pipe_data_received(int, Bytes) {}

    /// One of its pipes was closed, `error` as of connection_lost().
    virtual void pipe_connection_lost(int, std::exception_ptr) {}

    /// It has ended, and get_returncode() is set; its pipes may still hold what it wrote. connection_lost() comes after both.
    virtual void process_exited() {}

    using TransportSlot::transport;
};

}  // namespace bight::asyncio
