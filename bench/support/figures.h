// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace bench {

/// A thing that bight says about what it takes, as one number and no ratio.
struct Figure {
    std::string name;
    double goal;  // the most that it may be; below 0 for one that is only shown
    const char* unit;
    std::function<double()> measure;
};

/// What each of the programs of figures does: shows them all, those with TEXT in their names (--only=TEXT), or as JSON
/// (--json), an object a line. --pairs=N is for others and means nothing here.
int run_figures(int argc, char** argv, const std::vector<Figure>& figures);

}  // namespace bench
