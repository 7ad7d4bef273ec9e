// SPDX-License-Identifier: BSL-1.0
/// What north_star.cpp uses and the library does not have yet: declarations alone, so that the file compiles from the
/// first day on. Whatever gains a public header leaves this one, which ends empty.
#pragma once

#include <bight/bight.h>

#include <memory>

namespace bight {

// ---- protocols and factories -------------------------------------------------------------------------------------------

namespace protocol {
class Transport {
public:
    void write(Bytes data);
};
class Protocol {
public:
    virtual ~Protocol();
    virtual void data_received(Bytes data);
    Transport& transport();
};
struct Factory {};
template <class P>
Factory factory_of();
}  // namespace protocol

class Reactor {
public:
    void run();
};

namespace endpoints {
class ServerEndpoint {
public:
    void listen(protocol::Factory factory);
};
ServerEndpoint server_from_string(Reactor& reactor, std::string_view description);
}  // namespace endpoints

// ---- ssl ---------------------------------------------------------------------------------------------------------------

namespace ssl {
class SSLSocket {
public:
    void sendall(Bytes data);
    Buffer recv(std::size_t size);
};
class SSLContext {
public:
    SSLSocket wrap_socket(Socket socket, std::string_view server_hostname);
};
SSLContext create_default_context();
}  // namespace ssl

}  // namespace bight
