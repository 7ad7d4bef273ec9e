// SPDX-License-Identifier: BSL-1.0
#include <bight/socketserver.h>

namespace bight::socketserver {

void StreamRequestHandler::setup() {
    if (timeout) request.settimeout(timeout);
    if (disable_nagle_algorithm) request.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
    rfile = request.makefile(socket::rb, rbufsize);
    wfile = request.makefile(socket::wb, wbufsize);
}

void StreamRequestHandler::finish() {
    rfile.close();
    try {
        wfile.close();
    } catch (const OSError&) {
        // The peer has gone: there is nobody left for the rest.
    }
}

std::size_t PacketWriter::write(Bytes data) {
    contents_.append(data.view());
    return data.size();
}

void DatagramRequestHandler::setup() {
    // Reads the packet where it stands; the handler keeps it.
    MutableBytes memory = packet.room();
    rfile = BufferedReader(Buffer(memory.data(), packet.size(), packet.size(), nullptr, nullptr));
}

void DatagramRequestHandler::finish() { request.sendto(wfile.contents(), client_address); }

}  // namespace bight::socketserver
