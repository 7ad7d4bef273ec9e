// SPDX-License-Identifier: BSL-1.0
#include <bight/iostream.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace bight {
namespace {

char* characters(Buffer& buffer) { return reinterpret_cast<char*>(buffer.room().data()); }

}  // namespace

SocketStreambuf::SocketStreambuf(Socket& socket, std::size_t buffering)
    : reader_(socket.makefile(socket::rb, 0)),
      writer_(socket.makefile(socket::wb, 0)),
      buffering_(std::max<std::size_t>(buffering, 1)),
      out_(Buffer::with_capacity(buffering_)) {
    setp(characters(out_), characters(out_) + out_.capacity());
}

/// Makes a call of the socket, and keeps why it failed.
template <class Action>
void SocketStreambuf::attempt(Action action) {
    try {
        action();
        error_ = Errno(0);
    } catch (const OSError& error) {
        error_ = Errno(error.errnum());
        throw;
    } catch (const std::bad_alloc&) {
        error_ = Errno(ENOMEM);
        throw;
    } catch (...) {
        error_ = Errno(EINTR);  // the interrupt hook
        throw;
    }
}

/// What cannot be sent now stays in the writer, and goes first the next time.
void SocketStreambuf::send_all() {
    auto waiting = static_cast<std::size_t>(pptr() - pbase());
    setp(characters(out_), characters(out_) + out_.capacity());
    if (waiting != 0) writer_.write(out_.room().first(waiting));
    writer_.flush();
}

SocketStreambuf::int_type SocketStreambuf::underflow() {
    attempt([this] {  // what it raises the stream takes for badbit
        send_all();   // whoever waits for an answer has asked before
        in_ = reader_.read1(buffering_);
    });
    setg(characters(in_), characters(in_), characters(in_) + in_.size());
    return in_.empty() ? traits_type::eof() : traits_type::to_int_type(*gptr());
}

SocketStreambuf::int_type SocketStreambuf::overflow(int_type character) {
    if (sync() != 0) return traits_type::eof();
    if (traits_type::eq_int_type(character, traits_type::eof())) return traits_type::not_eof(character);
    return sputc(traits_type::to_char_type(character));
}

int SocketStreambuf::sync() {
    try {  // streams with unitbuf call this from a destructor
        attempt([this] { send_all(); });
        return 0;
    } catch (...) {
        return -1;
    }
}

}  // namespace bight
