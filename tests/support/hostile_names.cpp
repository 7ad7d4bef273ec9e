// SPDX-License-Identifier: BSL-1.0
#include "support/hostile_names.h"

#include <algorithm>

namespace bight::testing {
namespace {

using namespace std::string_literals;
using Names = std::vector<std::string>;

Names ways_out() {
    Names names{"",
                ".",
                "..",
                "...",
                "/",
                "//",
                "\\",
                "\\\\",
                "./",
                "../",
                "..\\",
                ".\\x",
                "~/x",
                "/proc/self/fd/0",
                "/dev/null",
                "/etc/passwd",
                "C:\\x",
                "\\\\host\\share",
                "\\\\.\\pipe\\x",
                "\\\\?\\C:\\x",
                "file:///etc/passwd"};
    for (const char* up :
         {"../", "..\\", "./", ".//", "a/../", "a/./../", "/", "//", "a/", "..././", "....//", "%2e%2e/"})
        for (const char* last : {"x", "../x", "etc/passwd", "..", ".", ".ssh/authorized_keys", "a/../../b", "x\0.png"})
            names.push_back(std::string(up) + last);
    return names;
}

Names hidden() {
    return {".bashrc", ".ssh", ".bight-0123456789abcdef0123456789abcdef.part", ".x", ". x", "..x", ".\u200bx", "-rf",
            "--help",  "-"};
}

Names controls() {
    Names names;
    for (int byte = 0; byte < 0x20; ++byte) names.push_back("a"s + static_cast<char>(byte) + "b");
    for (int byte = 0x80; byte < 0xa0; ++byte) names.push_back("a\xc2"s + static_cast<char>(byte) + "b");
    for (const char* text : {"a\x7f", "\x1b[2Ja", "a\x1b]0;title\x07", "a\rb.png", "a\nb", "\x1b[31mred", "a\x08\x08b"})
        names.emplace_back(text);
    names.push_back("x.png\0.sh"s);
    names.push_back("\0"s);
    return names;
}

Names misleading() {
    Names names;
    for (const char* mark :
         {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029",     "\u202a",     "\u202b",     "\u202c",    "\u202d",
          "\u202e", "\u2066", "\u2067", "\u2068", "\u2069",     "\u206a",     "\u206f",     "\u00ad",    "\u034f",
          "\u115f", "\u1160", "\u17b4", "\u180e", "\u200b",     "\u2060",     "\u2064",     "\u3164",    "\ufeff",
          "\uffa0", "\ufff9", "\ufffe", "\ufdd0", "\U000e0001", "\U000e0041", "\U0001fffe", "\U0010ffff"}) {
        names.push_back("photo"s + mark + "gnp.exe");
        names.push_back(std::string(mark));
    }
    for (const char* blank :
         {" ", "\u00a0", "\u1680", "\u2000", "\u2003", "\u2007", "\u200a", "\u202f", "\u205f", "\u3000"}) {
        names.push_back(std::string(blank) + "x");
        names.push_back("x"s + blank);
        names.push_back(std::string(blank));
    }
    for (const char* text : {"x.", "x..", "x. .", "x .", "x. "}) names.emplace_back(text);
    return names;
}

Names not_utf8() {
    Names names;
    for (const char* bytes : {"\x80",
                              "\xbf",
                              "\xc0\x80",
                              "\xc0\xaf",
                              "\xc1\xbf",
                              "\xc2",
                              "\xc3(",
                              "\xe0\x80\xaf",
                              "\xe0\x9f\xbf",
                              "\xe2\x82",
                              "\xe2(\xa1",
                              "\xed\xa0\x80",
                              "\xed\xbf\xbf",
                              "\xf0\x80\x80\xaf",
                              "\xf0\x8f\xbf\xbf",
                              "\xf0\x9f\x98",
                              "\xf4\x90\x80\x80",
                              "\xf5\x80\x80\x80",
                              "\xf8\x88\x80\x80\x80",
                              "\xfe",
                              "\xff",
                              "\xff\xfe"}) {
        names.push_back("a"s + bytes);
        names.push_back("a"s + bytes + "b");
    }
    return names;
}

Names too_long() {
    Names names;
    for (std::size_t size : {256u, 257u, 300u, 1023u, 4095u, 4096u}) names.push_back(std::string(size, 'n'));
    names.push_back("x" + std::string(254, '.') + "y");
    std::string umlauts;
    for (int i = 0; i < 128; ++i) umlauts += "\u00e4";
    names.push_back(umlauts);
    return names;
}

Names devices() {
    Names names;
    Names all{"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"};
    for (const char* port : {"com", "lpt"})
        for (const char* number : {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "\u00b9", "\u00b2", "\u00b3"})
            all.push_back(std::string(port) + number);
    for (const auto& device : all) {
        names.push_back(device);
        names.push_back(device + ".txt");
        std::string upper = device;
        upper[0] = static_cast<char>(upper[0] - 32);
        names.push_back(upper + " .tar.gz");
    }
    return names;
}

}  // namespace

std::vector<std::string> hostile_names() {
    Names all;
    for (auto& some : {ways_out(), hidden(), controls(), misleading(), not_utf8(), too_long(), devices()})
        all.insert(all.end(), some.begin(), some.end());
    std::ranges::sort(all);
    auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
    return all;
}

std::vector<std::string> harmless_names() {
    return {"a",
            "picture.png",
            "two words.txt",
            "no-extension",
            "x..y",
            "a.-b",
            "caf\u00e9",                                         // composed, and the same
            "cafe\u0301",                                        // decomposed: another name
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  // Persian, with the joiner that it needs
            "\U0001f469\u200d\U0001f680",                        // an emoji of three
            "\u4e2d\u6587.txt",
            "$(reboot)",
            "`id`",
            "*?[x]",
            "a'b\"c",
            "%2e%2e%2fx",
            "console",
            "com10",
            "12:30",
            "nul_",
            "A",
            std::string(255, 'n')};
}

}  // namespace bight::testing
