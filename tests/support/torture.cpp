// SPDX-License-Identifier: BSL-1.0
#include "support/torture.h"

#include <bight/error.h>

#include "support/descriptors.h"
#include "support/faults.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <iostream>
#include <vector>

namespace bight::testing {
namespace {

bool faulty = false;

struct Tally {
    int cases = 0, survived = 0, refused = 0;
};

/// An interrupted connect() is under way in the kernel, and so is one that says EINPROGRESS; one that was never made is
/// not, and cannot be waited for.
bool is_untrue(sys::Call call, int errnum) {
    return call == sys::Call::connect && (errnum == EINTR || errnum == EINPROGRESS);
}

/// Runs the scenario with call number `which` failing, none for -1. Returns how many calls there were.
int run(const Scenario& scenario, int which, int errnum, Tally& tally) {
    int calls = 0;
    faulty = which >= 0;
    auto before = open_descriptors();
    {
        Faults faults([&](sys::Call call) {
            return calls++ == which && !is_untrue(call, errnum) ? sys::Fault{errnum} : sys::Fault{};
        });
        try {
            scenario();
            ++tally.survived;
        } catch (const OSError&) {
            ++tally.refused;
        } catch (const std::exception& error) {
            ADD_FAILURE() << "call " << which << ", errno " << errnum << ": no OSError: " << error.what();
        }
    }
    ++tally.cases;
    EXPECT_EQ(open_descriptors(), before) << "call " << which << ", errno " << errnum;
    return calls;
}

}  // namespace

bool has_fault() { return faulty; }

std::span<const int> every_errno() {
    static const std::vector<int> all = [] {
        std::vector<int> numbers;
        for (int number = 1; number <= EHWPOISON; ++number) numbers.push_back(number);
        return numbers;
    }();
    return all;
}

void torture(std::string_view name, const Scenario& scenario, std::span<const int> errnums) {
    Tally tally;
    int calls = run(scenario, -1, 0, tally);
    ASSERT_EQ(tally.survived, 1) << "without any fault";
    for (int errnum : errnums)
        for (int which = 0; which < calls && !::testing::Test::HasFailure(); ++which)
            run(scenario, which, errnum, tally);
    std::cout << name << ": " << calls << " calls, " << tally.cases << " runs, " << tally.survived << " went through, "
              << tally.refused << " raised an OSError\n";
    EXPECT_GT(tally.refused, calls);  // the faults are seen
}

}  // namespace bight::testing
