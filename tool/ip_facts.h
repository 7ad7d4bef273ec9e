// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "json.h"

#include <bight/ipaddress.h>

namespace bight::tool {

// Every property, under Python's name.

void add_facts(JsonObject& object, const ipaddress::IPAddress& address);
void add_facts(JsonObject& object, const ipaddress::IPNetwork& network);
void add_facts(JsonObject& object, const ipaddress::IPInterface& interface);

}  // namespace bight::tool
