// SPDX-License-Identifier: BSL-1.0
#include "stop_signals.h"

#include "exit_code.h"

#include <bight/error.h>
#include <bight/select.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <sys/signalfd.h>
#include <unistd.h>

namespace bight::tool {

StopSignals::StopSignals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    if (int errnum = ::pthread_sigmask(SIG_BLOCK, &set, nullptr)) raise_os_error(errnum, "block signals");
    fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd_ < 0) raise_os_error(errno, "signalfd");
}

std::optional<int> StopSignals::take() noexcept {
    signalfd_siginfo info;
    while (::read(fd_, &info, sizeof info) == sizeof info) {
        bool own = info.ssi_code == SI_USER && info.ssi_pid == static_cast<std::uint32_t>(::getpid());
        bool first = !has_begun_.exchange(true);
        if (own && first) spares_one_ = true;
        bool second = !first && !own && !spares_one_.exchange(false);
        if (first || second) return static_cast<int>(info.ssi_signo);
    }
    return std::nullopt;
}

namespace {

[[noreturn]] void exit_now(int signal) { std::_Exit(exit_code::signalled + signal); }

}  // namespace

OnSignal::OnSignal(StopSignals& signals, std::function<void(int)> action)
    : end_(socket::socketpair()), thread_([this, &signals, action = std::move(action)] {
          bool is_first = true;
          select::Poll poll;  // a select() is refused in a process of very many descriptors
          poll.add(signals, select::PollEvents::in);
          poll.add(end_.second, select::PollEvents::in);
          while (true) {
              auto ready = poll.poll();
              if (ready.size() == 1 && ready.front().fd == end_.second.fileno()) return;
              if (auto signal = signals.take()) std::exchange(is_first, false) ? action(*signal) : exit_now(*signal);
          }
      }) {}

OnSignal::~OnSignal() {
    end_.first.close();
    thread_.join();
}

ShutdownOnSignal::ShutdownOnSignal(StopSignals& signals, Socket& connection)
    : watch_(signals, [this, &connection](int signal) {
          signal_ = signal;
          try {
              connection.shutdown(SHUT_RDWR);
          } catch (const OSError&) {}  // the peer has ended it already
      }) {}

ExitOnSignal::ExitOnSignal(StopSignals& signals) : OnSignal(signals, exit_now) {}

}  // namespace bight::tool
