// SPDX-License-Identifier: BSL-1.0
#include "support/figures.h"

#include "support/pairs.h"

#include <cstdio>
#include <exception>
#include <string_view>

namespace bench {
namespace {

void show(const Figure& figure, bool json) {
    double value = figure.measure();
    const char* verdict = figure.goal < 0 ? "" : value <= figure.goal ? "pass" : "MISS";
    if (json)
        std::printf("{\"name\": \"%s\", \"goal\": %g, \"value\": %.4g, \"unit\": \"%s\"}\n", figure.name.c_str(),
                    figure.goal, value, figure.unit);
    else
        std::printf("%-44s %8.4g %s, goal %g %s\n", figure.name.c_str(), value, figure.unit, figure.goal, verdict);
    std::fflush(stdout);
}

}  // namespace

int run_figures(int argc, char** argv, const std::vector<Figure>& figures) {
    bool json = false;
    std::string_view only;
    for (int i = 1; i < argc; ++i) {
        std::string_view text = argv[i];
        if (text == "--json") json = true;
        if (text.starts_with("--only=")) only = text.substr(text.find('=') + 1);
    }
    stay_on_one_core();
    try {
        for (const auto& figure : figures)
            if (figure.name.find(only) != figure.name.npos) show(figure, json);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 2;
    }
}

}  // namespace bench
