// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/pairs.h"

#include <string>
#include <vector>

namespace bench {

/// A thing that bight says about its cost, with the program that would do without it.
struct Claim {
    std::string name;
    double goal;       // the most that ours / theirs may be; 0 for a row that is only shown
    int instructions;  // the most that a turn of ours may need above one of theirs; 0 for no such goal
    Side ours;
    Side theirs;
    int pairs = 0;  // the most pairs that its long turns are worth; 0 for as many as are asked for
    double window_ns = usual_window_ns;
};

/// The claims of one program, made when they are run: what one holds on to stays open until its pairs have been shown.
using Claims = std::vector<Claim> (*)();

/// What each of the programs does, by its arguments:
///     --pairs[=N]                     N interleaved pairs (100) of each claim, one line each
///     --count=SIDE NAME TURNS         TURNS turns of one claim, "ours" or "theirs", for an instruction counter
///     --list                          the claims with their goals
///     --json                          with --pairs or --list: one JSON object a line
///     --only=TEXT                     only claims with TEXT in their names
///     none of these                   Google Benchmark, with its own arguments
int run_claims(int argc, char** argv, Claims claims);

}  // namespace bench
