// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>

namespace bight::tool {

/// `text` as a JSON string, with its quotes. What is no UTF-8 becomes U+FFFD, as Python's errors="replace" does it.
std::string json_string(std::string_view text);

/// One JSON object, its keys in the order in which they were added.
///
///     JsonObject().add("schema", "bight.doctor/1").add("limit", 1024).text()
class JsonObject {
public:
    JsonObject& add(std::string_view key, std::string_view text) { return add_raw(key, json_string(text)); }
    JsonObject& add(std::string_view key, const char* text) { return add(key, std::string_view(text)); }
    JsonObject& add(std::string_view key, const std::string& text) { return add(key, std::string_view(text)); }
    JsonObject& add(std::string_view key, std::same_as<bool> auto truth) {
        return add_raw(key, truth ? "true" : "false");
    }
    JsonObject& add(std::string_view key, std::integral auto number)
        requires(!std::same_as<decltype(number), bool>)
    {
        return add_raw(key, std::to_string(number));
    }
    JsonObject& add(std::string_view key, const JsonObject& object) { return add_raw(key, object.text()); }
    JsonObject& add(std::string_view key, std::span<const std::string> texts);
    /// A number of any size, by its digits.
    JsonObject& add_number(std::string_view key, std::string_view digits) { return add_raw(key, digits); }
    JsonObject& add_null(std::string_view key) { return add_raw(key, "null"); }

    /// On one line, without a newline.
    std::string text() const { return '{' + members_ + '}'; }

private:
    JsonObject& add_raw(std::string_view key, std::string_view value);

    std::string members_;
};

}  // namespace bight::tool
