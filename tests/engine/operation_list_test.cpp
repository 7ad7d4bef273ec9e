// SPDX-License-Identifier: BSL-1.0
#include "engine/operation_list.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <vector>

namespace bight::engine {
namespace {

struct OperationListTest : ::testing::Test {
    void push(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) list.push(operations.emplace_back(nobody, Verb::send));
    }

    /// All of them, by their numbers.
    std::vector<std::size_t> popped() {
        std::vector<std::size_t> numbers;
        while (Operation* operation = list.pop())
            for (std::size_t i = 0; i < operations.size(); ++i)
                if (&operations[i] == operation) numbers.push_back(i);
        return numbers;
    }

    Channel* none = nullptr;
    Channel& nobody = *reinterpret_cast<Channel*>(&none);  // never asked
    std::deque<Operation> operations;
    OperationList list;
};

using Numbers = std::vector<std::size_t>;

TEST_F(OperationListTest, an_empty_one_has_nothing) {
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.pop(), nullptr);
    Operation stranger(nobody, Verb::send);
    EXPECT_FALSE(list.remove(stranger));
}

TEST_F(OperationListTest, operations_come_in_the_order_in_which_they_went) {
    push(3);
    EXPECT_FALSE(list.empty());
    EXPECT_EQ(popped(), (Numbers{0, 1, 2}));
    EXPECT_TRUE(list.empty());
    list.push(operations[1]);
    EXPECT_EQ(popped(), Numbers{1});
}

TEST_F(OperationListTest, any_of_them_can_be_removed) {
    for (std::size_t gone = 0; gone < 3; ++gone) {
        operations.clear();
        push(3);
        EXPECT_TRUE(list.remove(operations[gone]));
        EXPECT_FALSE(list.remove(operations[gone]));
        list.push(operations[gone]);  // the last one now
        Numbers expected{0, 1, 2};
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(gone));
        expected.push_back(gone);
        EXPECT_EQ(popped(), expected);
    }
}

TEST_F(OperationListTest, the_only_one_can_be_removed) {
    push(1);
    EXPECT_TRUE(list.remove(operations[0]));
    EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace bight::engine
