// SPDX-License-Identifier: BSL-1.0
#include "values/family_layout.h"

#include <cstddef>

#include <sys/socket.h>

#include <linux/can.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/qrtr.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>

// What the values layer wrote down about the platform, held against the platform.
namespace bight::layout {

static_assert(af_netlink == AF_NETLINK && af_packet == AF_PACKET && af_can == AF_CAN && af_tipc == AF_TIPC);
static_assert(af_bluetooth == AF_BLUETOOTH && af_alg == AF_ALG && af_vsock == AF_VSOCK && af_qipcrtr == AF_QIPCRTR);

static_assert(sizeof(Netlink) == sizeof(sockaddr_nl) && offsetof(Netlink, groups) == offsetof(sockaddr_nl, nl_groups));
static_assert(offsetof(Netlink, pid) == offsetof(sockaddr_nl, nl_pid));

static_assert(sizeof(Packet) == sizeof(sockaddr_ll) && offsetof(Packet, proto) == offsetof(sockaddr_ll, sll_protocol));
static_assert(offsetof(Packet, interface_index) == offsetof(sockaddr_ll, sll_ifindex));
static_assert(offsetof(Packet, hatype) == offsetof(sockaddr_ll, sll_hatype));
static_assert(offsetof(Packet, pkttype) == offsetof(sockaddr_ll, sll_pkttype));
static_assert(offsetof(Packet, length) == offsetof(sockaddr_ll, sll_halen));
static_assert(offsetof(Packet, addr) == offsetof(sockaddr_ll, sll_addr));

static_assert(sizeof(Vsock) == sizeof(sockaddr_vm) && offsetof(Vsock, port) == offsetof(sockaddr_vm, svm_port));
static_assert(offsetof(Vsock, cid) == offsetof(sockaddr_vm, svm_cid));

static_assert(sizeof(Can) == sizeof(sockaddr_can) && sizeof(Isotp) == sizeof(sockaddr_can));
static_assert(sizeof(J1939) == sizeof(sockaddr_can));
static_assert(offsetof(Can, interface_index) == offsetof(sockaddr_can, can_ifindex));
static_assert(offsetof(Isotp, rx) == offsetof(sockaddr_can, can_addr.tp.rx_id));
static_assert(offsetof(Isotp, tx) == offsetof(sockaddr_can, can_addr.tp.tx_id));
static_assert(offsetof(J1939, name) == offsetof(sockaddr_can, can_addr.j1939.name));
static_assert(offsetof(J1939, pgn) == offsetof(sockaddr_can, can_addr.j1939.pgn));
static_assert(offsetof(J1939, addr) == offsetof(sockaddr_can, can_addr.j1939.addr));

static_assert(sizeof(Tipc) == sizeof(sockaddr_tipc) && offsetof(Tipc, v) == offsetof(sockaddr_tipc, addr));
static_assert(offsetof(Tipc, addr_type) == offsetof(sockaddr_tipc, addrtype));
static_assert(offsetof(Tipc, scope) == offsetof(sockaddr_tipc, scope));

static_assert(sizeof(Qipcrtr) == sizeof(sockaddr_qrtr) && offsetof(Qipcrtr, node) == offsetof(sockaddr_qrtr, sq_node));
static_assert(offsetof(Qipcrtr, port) == offsetof(sockaddr_qrtr, sq_port));

static_assert(sizeof(Alg) == sizeof(sockaddr_alg) && offsetof(Alg, type) == offsetof(sockaddr_alg, salg_type));
static_assert(offsetof(Alg, feat) == offsetof(sockaddr_alg, salg_feat));
static_assert(offsetof(Alg, mask) == offsetof(sockaddr_alg, salg_mask));
static_assert(offsetof(Alg, name) == offsetof(sockaddr_alg, salg_name));

// <bluetooth/l2cap.h> and the like are not everywhere; these are the kernel's sizes.
static_assert(sizeof(L2cap) == 14 && sizeof(Rfcomm) == 10 && sizeof(Hci) == 6 && sizeof(Sco) == 8);

}  // namespace bight::layout
