# fuzz/NAME.cpp holds a target of libFuzzer's, LLVMFuzzerTestOneInput; fuzz/corpus/NAME/ what to begin with and what was
# found. Every build replays the corpora as tests. BIGHT_FUZZ=ON (clang) builds the fuzzers too, with the library's own
# values compiled in, so that they are instrumented. tool_NAME.cpp is about the tool, and left out where that is not built.
#
#     cmake --preset clang -B build/fuzz -DBIGHT_FUZZ=ON && ninja -C build/fuzz fuzz_ip_address
#     build/fuzz/fuzz_ip_address build/fuzz/corpus fuzz/corpus/ip_address -max_total_time=60

option(BIGHT_FUZZ "Build the fuzzers; wants clang" OFF)

file(GLOB bight_fuzz_targets CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/fuzz/*.cpp")
list(FILTER bight_fuzz_targets EXCLUDE REGEX "/replay\\.cpp$")

set(bight_fuzz_flags -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
if(BIGHT_FUZZ)
  file(GLOB_RECURSE bight_fuzz_values CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/values/*.cpp")
  add_library(fuzz_values STATIC EXCLUDE_FROM_ALL ${bight_fuzz_values})
  target_include_directories(fuzz_values PUBLIC "${PROJECT_SOURCE_DIR}/include" PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_compile_features(fuzz_values PUBLIC cxx_std_23)
  target_compile_options(fuzz_values PUBLIC -O2 ${bight_fuzz_flags})
endif()

if(NOT TARGET bight_tool_ip)
  list(FILTER bight_fuzz_targets EXCLUDE REGEX "/tool_[^/]*$")
elseif(BIGHT_FUZZ)
  get_target_property(bight_fuzz_tool bight_tool_ip SOURCES)
  add_library(fuzz_tool STATIC EXCLUDE_FROM_ALL ${bight_fuzz_tool})
  target_include_directories(fuzz_tool PUBLIC "${PROJECT_SOURCE_DIR}/tool")
  target_link_libraries(fuzz_tool PUBLIC fuzz_values fmt::fmt)
endif()

foreach(source IN LISTS bight_fuzz_targets)
  cmake_path(GET source STEM name)
  set(about "")  # what the target is about, if not the library's values
  if(name MATCHES "^tool_")
    set(about tool)
  endif()
  add_executable(replay_${name} "${source}" "${PROJECT_SOURCE_DIR}/fuzz/replay.cpp")
  target_include_directories(replay_${name} PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(replay_${name} PRIVATE bight::bight $<$<STREQUAL:${about},tool>:bight_tool_ip>)
  bight_own_target(replay_${name})
  add_test(NAME fuzz.${name} COMMAND replay_${name} "${PROJECT_SOURCE_DIR}/fuzz/corpus/${name}")
  set_tests_properties(fuzz.${name} PROPERTIES LABELS "unit;fuzz" TIMEOUT 60)

  if(BIGHT_FUZZ)
    add_executable(fuzz_${name} EXCLUDE_FROM_ALL "${source}")
    target_include_directories(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(fuzz_${name} PRIVATE $<$<STREQUAL:${about},tool>:fuzz_tool> fuzz_values)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
    bight_own_target(fuzz_${name})
    set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
  endif()
endforeach()
