// SPDX-License-Identifier: BSL-1.0
#pragma once

// Every constant of Python's socket and select modules under the platform's name. bight/socket.h brings those of four
// headers; the rest are here, for those who want them: AI_, EAI_ and NI_ are <netdb.h>'s, POLL… and EPOLL… those of
// <poll.h> and <sys/epoll.h>. docs/parity-socket.tsv and docs/parity-select.tsv tell of each where it comes from.
#include <bight/socket.h>

#include <cerrno>
#include <climits>

#include <linux/can.h>
#include <linux/can/bcm.h>
#include <linux/can/isotp.h>
#include <linux/can/j1939.h>
#include <linux/can/raw.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/rds.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

// Those that Python names and no header of the C library or the kernel does, or only one that is seldom installed.
namespace bight::socket {

// linux/can/bcm.h without its prefix, which is Python's.
inline constexpr int CAN_BCM_TX_SETUP = TX_SETUP;
inline constexpr int CAN_BCM_TX_DELETE = TX_DELETE;
inline constexpr int CAN_BCM_TX_READ = TX_READ;
inline constexpr int CAN_BCM_TX_SEND = TX_SEND;
inline constexpr int CAN_BCM_RX_SETUP = RX_SETUP;
inline constexpr int CAN_BCM_RX_DELETE = RX_DELETE;
inline constexpr int CAN_BCM_RX_READ = RX_READ;
inline constexpr int CAN_BCM_TX_STATUS = TX_STATUS;
inline constexpr int CAN_BCM_TX_EXPIRED = TX_EXPIRED;
inline constexpr int CAN_BCM_RX_STATUS = RX_STATUS;
inline constexpr int CAN_BCM_RX_TIMEOUT = RX_TIMEOUT;
inline constexpr int CAN_BCM_RX_CHANGED = RX_CHANGED;
inline constexpr int CAN_BCM_SETTIMER = SETTIMER;
inline constexpr int CAN_BCM_STARTTIMER = STARTTIMER;
inline constexpr int CAN_BCM_TX_COUNTEVT = TX_COUNTEVT;
inline constexpr int CAN_BCM_TX_ANNOUNCE = TX_ANNOUNCE;
inline constexpr int CAN_BCM_TX_CP_CAN_ID = TX_CP_CAN_ID;
inline constexpr int CAN_BCM_RX_FILTER_ID = RX_FILTER_ID;
inline constexpr int CAN_BCM_RX_CHECK_DLC = RX_CHECK_DLC;
inline constexpr int CAN_BCM_RX_NO_AUTOTIMER = RX_NO_AUTOTIMER;
inline constexpr int CAN_BCM_RX_ANNOUNCE_RESUME = RX_ANNOUNCE_RESUME;
inline constexpr int CAN_BCM_TX_RESET_MULTI_IDX = TX_RESET_MULTI_IDX;
inline constexpr int CAN_BCM_RX_RTR_FRAME = RX_RTR_FRAME;
inline constexpr int CAN_BCM_CAN_FD_FRAME = CAN_FD_FRAME;

// bluetooth/bluetooth.h and bluetooth/hci.h of BlueZ; include this header before those.
inline constexpr int BTPROTO_L2CAP = 0;
inline constexpr int BTPROTO_HCI = 1;
inline constexpr int BTPROTO_SCO = 2;
inline constexpr int BTPROTO_RFCOMM = 3;
inline constexpr int SOL_HCI = 0;
inline constexpr int HCI_DATA_DIR = 1;
inline constexpr int HCI_FILTER = 2;
inline constexpr int HCI_TIME_STAMP = 3;
inline constexpr const char* BDADDR_ANY = "00:00:00:00:00:00";
inline constexpr const char* BDADDR_LOCAL = "00:00:00:FF:FF:FF";

// Of patches to AF_ALG that the kernel did not take; Python has them all the same.
inline constexpr int ALG_SET_PUBKEY = 6;
inline constexpr int ALG_OP_SIGN = 2;
inline constexpr int ALG_OP_VERIFY = 3;

// include/net/udplite.h, which the kernel keeps to itself; see udplite(7).
inline constexpr int UDPLITE_SEND_CSCOV = 10;
inline constexpr int UDPLITE_RECV_CSCOV = 11;

}  // namespace bight::socket
