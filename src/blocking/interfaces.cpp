// SPDX-License-Identifier: BSL-1.0
#include <bight/interfaces.h>

#include <bight/error.h>

#include "blocking/c_text.h"
#include "blocking/or_raise.h"
#include "sys/netdb.h"

namespace bight::socket {

std::vector<Interface> if_nameindex() {
    std::vector<Interface> found;
    for (auto& [index, name] : or_raise(sys::interfaces(), "if_nameindex"))
        found.push_back({static_cast<int>(index), std::move(name)});
    return found;
}

int if_nametoindex(std::string_view name) {
    auto index = sys::interface_index(c_text(name).c_str());
    if (!index) throw OSError("no interface with this name");
    return static_cast<int>(*index);
}

std::string if_indextoname(int index) {
    if (index < 0) throw OverflowError("can't convert negative value to unsigned int");
    return or_raise(sys::interface_name(static_cast<unsigned>(index)), "if_indextoname");
}

}  // namespace bight::socket
