// SPDX-License-Identifier: BSL-1.0
#include "engine/sim/channel.h"

#include "engine/verbs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bight::engine::sim {

std::size_t SimChannel::shortened(std::size_t size) noexcept {
    bool is_short = size > 1 && network().random.chance(network().habits.short_transfers);
    return is_short ? network().random.one_to(size) : size;
}

// ---- Starting. ---------------------------------------------------------------------------------------------------------

bool SimChannel::attempt(Operation& operation) noexcept {
    bool reading = reads(operation);
    if (reading && reading_) return false;
    if (reading && receive_unread(operation)) return true;
    if (!reading && writing_) return false;
    // A kernel need not have told yet that there is a chance; of connections it tells at once.
    bool is_untold = operation.verb != Verb::accept && network().random.chance(network().habits.late);
    return !is_untold && has_chance(operation) && perform(operation);
}

void SimChannel::start(Operation& operation) noexcept {
    ++network().totals.operations_started;
    operation.state = Operation::State::waiting;
    if (reads(operation)) {
        if (reading_) return end(operation, EBUSY);
        reading_ = &operation;
    } else if (writing_) {
        return behind_writing_.push(operation);
    } else {
        writing_ = &operation;
    }
    if (receive_unread(operation)) {
        operation.state = Operation::State::performed;
        engine_.tell(operation);
    } else if (has_chance(operation)) {
        tell(&operation);
    } else if (network().random.chance(network().habits.late)) {
        engine_.tell(operation);  // a false alarm
    }
}

void SimChannel::changed() noexcept {
    tell(reading_);
    tell(writing_);
}

// ---- Ending. -----------------------------------------------------------------------------------------------------------

void SimChannel::tell(Operation* operation) noexcept {
    if (!operation || operation->queued || !has_chance(*operation)) return;
    bool by_the_kernel = network().random.chance(0.5);
    if (by_the_kernel && perform(*operation)) operation->state = Operation::State::performed;
    engine_.tell(*operation);
}

void SimChannel::leave(Operation& operation) noexcept {
    if (reading_ == &operation) {
        reading_ = nullptr;
    } else if (writing_ == &operation) {
        writing_ = behind_writing_.pop();
        tell(writing_);
    } else {
        behind_writing_.remove(operation);
    }
}

bool SimChannel::proceed(Operation& operation) noexcept {
    operation.queued = false;
    if (operation.state == Operation::State::performed || perform(operation)) {
        operation.state = Operation::State::done;
        engine_.completed();
        leave(operation);
        return true;
    }
    operation.cancelled ? end(operation, ECANCELED) : tell(&operation);
    return false;
}

void SimChannel::end(Operation& operation, int errnum) noexcept {
    leave(operation);
    engine_.completed();
    operation.finish(-errnum);
    if (!operation.queued) engine_.tell(operation);
}

void SimChannel::cancel(Operation& operation) noexcept {
    if (!operation.is_waiting() || operation.cancelled) return;
    operation.cancelled = true;
    if (operation.queued) return;  // whether it ends well is seen when its turn comes
    if (network().random.chance(0.5))
        end(operation, ECANCELED);
    else
        engine_.tell(operation);
}

void SimChannel::drop() noexcept {
    if (reading_) {
        if (reading_->state == Operation::State::performed) give_up();
        end(*reading_, ECANCELED);
    }
    while (writing_) {
        Operation& operation = *writing_;
        // What went well stays so; what went wrong must not be asked of a channel that has gone.
        bool went_well = operation.state == Operation::State::performed && operation.result >= 0;
        std::int64_t result = went_well ? operation.result : -ECANCELED;
        writing_ = behind_writing_.pop();
        engine_.completed();
        operation.finish(result);
        if (!operation.queued) engine_.tell(operation);
    }
    close();
    engine_.leave_place();
    delete this;
}

// ---- What is the same for all. -----------------------------------------------------------------------------------------

Result<void> SimChannel::shutdown(int) noexcept { return std::unexpected(Errno(ENOTCONN)); }
Result<Address> SimChannel::peer() const noexcept { return std::unexpected(Errno(ENOTCONN)); }

Result<void> SimChannel::set_option(int level, int option, Bytes value) noexcept {
    options_.insert_or_assign({level, option}, std::vector<std::byte>(value.begin(), value.end()));
    return {};
}

Result<std::size_t> SimChannel::get_option(int level, int option, MutableBytes value) const noexcept {
    auto found = options_.find({level, option});
    std::fill(value.begin(), value.end(), std::byte{});
    if (found == options_.end()) return value.size();
    std::size_t size = std::min(value.size(), found->second.size());
    if (size > 0) std::memcpy(value.data(), found->second.data(), size);
    return size;
}

}  // namespace bight::engine::sim
