// SPDX-License-Identifier: BSL-1.0
// In place of send.cpp and recv.cpp where the tool is built without OpenSSL.
#include "exit_code.h"
#include "recv.h"
#include "send.h"
#include "talk.h"

namespace bight::tool {
namespace {

int refuse() {
    say("built without OpenSSL, so without the transfer of files (libssl-dev when it is built)");
    return exit_code::no;
}

}  // namespace

int run_recv(const RecvOptions&) { return refuse(); }
int run_send(const SendOptions&) { return refuse(); }

}  // namespace bight::tool
