// SPDX-License-Identifier: BSL-1.0
#include <bight/asyncio/metrics.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace bight::asyncio {
namespace {

std::string number(double value) {
    std::array<char, 32> text;
    auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

class Text {
public:
    explicit Text(std::span<const LabelledMetrics> loops) : loops_(loops) {}

    void add(std::string_view name, std::string_view type, std::string_view help, std::uint64_t LoopMetrics::* value) {
        head(name, type, help);
        for (auto& loop : loops_) line(name, loop.labels, {}, std::to_string(loop.metrics.*value));
    }
    void add_lag() {
        head("lag_seconds", "histogram", "How long the callbacks of a turn took.");
        for (auto& loop : loops_)
            if (loop.metrics.has_lag) add(loop.labels, loop.metrics.lag);
    }
    std::string take() { return std::move(text_); }

private:
    void add(std::string_view labels, const LagHistogram& lag) {
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < LagHistogram::buckets; ++i) {
            count += lag.counts[i];
            line("lag_seconds_bucket", labels, "le=\"" + number(seconds(LagHistogram::limit(i))) + '"',
                 std::to_string(count));
        }
        count += lag.counts[LagHistogram::buckets];
        line("lag_seconds_bucket", labels, "le=\"+Inf\"", std::to_string(count));
        line("lag_seconds_sum", labels, {}, number(seconds(lag.sum)));
        line("lag_seconds_count", labels, {}, std::to_string(count));
    }
    void head(std::string_view name, std::string_view type, std::string_view help) {
        text_.append("# HELP bight_loop_").append(name).append(" ").append(help).append("\n");
        text_.append("# TYPE bight_loop_").append(name).append(" ").append(type).append("\n");
    }
    void line(std::string_view name, std::string_view labels, std::string_view label, std::string_view value) {
        text_.append("bight_loop_").append(name);
        if (!label.empty() || !labels.empty()) {
            text_.append("{").append(labels);
            if (!label.empty() && !labels.empty()) text_.append(",");
            text_.append(label).append("}");
        }
        text_.append(" ").append(value).append("\n");
    }

    std::span<const LabelledMetrics> loops_;
    std::string text_;
};

}  // namespace

void LagHistogram::record(Duration turn) noexcept {
    auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(turn.count() + 999, 0)) / 1000;  // rounded up
    auto bucket = us <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(us - 1));
    ++counts[std::min(bucket, buckets)];
    sum += turn;
    longest = std::max(longest, turn);
}

std::string LoopMetrics::to_text(std::string_view labels) const {
    LabelledMetrics alone{labels, *this};
    return asyncio::to_text({&alone, 1});
}

std::string to_text(std::span<const LabelledMetrics> loops) {
    Text text(loops);
    using Loop = LoopMetrics;
    text.add("turns_total", "counter", "Turns of the loop.", &Loop::turns);
    text.add("completions_total", "counter", "Operations that ended after a wait.", &Loop::completions);
    text.add("no_buffers_total", "counter", "Receives that found no buffer ready.", &Loop::no_buffers);
    text.add("channels", "gauge", "Sockets and pipes that are open.", &Loop::channels);
    text.add("accepted_total", "counter", "Connections that its servers have accepted.", &Loop::accepted);
    text.add("tasks", "gauge", "Tasks that have not ended.", &Loop::tasks);
    text.add("tasks_begun_total", "counter", "Tasks that were begun.", &Loop::tasks_begun);
    text.add("slow_callbacks_total", "counter", "Callbacks that held the loop up for too long.", &Loop::slow_callbacks);
    if (std::ranges::any_of(loops, [](auto& loop) { return loop.metrics.has_lag; })) text.add_lag();
    return text.take();
}

}  // namespace bight::asyncio
