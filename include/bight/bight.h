// SPDX-License-Identifier: BSL-1.0
/// Everything, for programs, but <bight/constants.h> and <bight/lowlevel.h>, which are asked for by name. The library's
/// own code includes what it uses.
#pragma once

#include <bight/address.h>
#include <bight/address_families.h>
#include <bight/addrinfo.h>
#include <bight/ancillary.h>
#include <bight/asyncio.h>
#include <bight/batch.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/endpoint.h>
#include <bight/error.h>
#include <bight/family.h>
#include <bight/file.h>
#include <bight/file_descriptor.h>
#include <bight/file_transfer.h>
#include <bight/format.h>
#include <bight/handover.h>
#include <bight/inet.h>
#include <bight/inherited.h>
#include <bight/interfaces.h>
#include <bight/iostream.h>
#include <bight/ipaddress.h>
#include <bight/ipaddress/address_set.h>
#include <bight/ipaddress/dial_policy.h>
#include <bight/ipaddress/prefix_map.h>
#include <bight/message.h>
#include <bight/multicast.h>
#include <bight/netdb.h>
#include <bight/options.h>
#include <bight/printable.h>
#include <bight/proxy_protocol.h>
#include <bight/resolver.h>
#include <bight/resolver_pool.h>
#include <bight/select.h>
#include <bight/selectors.h>
#include <bight/socket.h>
#include <bight/socketserver.h>
#include <bight/socketserver/proxies.h>
#include <bight/systemd.h>
#include <bight/tcp_info.h>
#include <bight/time.h>
