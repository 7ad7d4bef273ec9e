// SPDX-License-Identifier: BSL-1.0
#include "socketserver/servers.h"

namespace bench {

bool have_poco() { return false; }

Server poco_server(int) { return nullptr; }

}  // namespace bench
