// SPDX-License-Identifier: BSL-1.0
/// Everything, for programs. The library's own code includes what it uses.
#pragma once

#include <bight/address.h>
#include <bight/addrinfo.h>
#include <bight/ancillary.h>
#include <bight/batch.h>
#include <bight/buffer.h>
#include <bight/bytes.h>
#include <bight/endpoint.h>
#include <bight/error.h>
#include <bight/family.h>
#include <bight/file.h>
#include <bight/file_descriptor.h>
#include <bight/format.h>
#include <bight/inet.h>
#include <bight/interfaces.h>
#include <bight/ipaddress.h>
#include <bight/message.h>
#include <bight/multicast.h>
#include <bight/netdb.h>
#include <bight/resolver.h>
#include <bight/select.h>
#include <bight/selectors.h>
#include <bight/socket.h>
#include <bight/socketserver.h>
#include <bight/time.h>
