# The command-line tool: tool/*.cpp, as `bight` in the top of the build directory. What `bight ip` is made of, but for its
# options, is a library of its own, which fuzz/tool_*.cpp link too.

file(GLOB tool_sources CONFIGURE_DEPENDS tool/*.cpp)
if(NOT tool_sources)
  message(STATUS "bight: no sources in tool/, so no command-line tool")
  return()
endif()

find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)

if(TARGET bight_openssl)
  list(FILTER tool_sources EXCLUDE REGEX "/tool/transfer_absent\\.cpp$")
else()
  list(FILTER tool_sources EXCLUDE REGEX "/tool/(recv|send|transfer_report|progress)\\.cpp$")
endif()

set(bight_tool_ip_sources ${tool_sources})
list(FILTER bight_tool_ip_sources INCLUDE REGEX "/tool/(ip_.*|exit_code|interruption|json|talk)\\.cpp$")
list(REMOVE_ITEM tool_sources ${bight_tool_ip_sources})

add_library(bight_tool_ip STATIC ${bight_tool_ip_sources})
target_include_directories(bight_tool_ip PUBLIC tool)
target_link_libraries(bight_tool_ip PUBLIC bight::bight fmt::fmt)
bight_own_target(bight_tool_ip)

add_executable(bight_tool ${tool_sources})
set_target_properties(bight_tool PROPERTIES OUTPUT_NAME bight RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
target_link_libraries(bight_tool PRIVATE bight_tool_ip $<TARGET_NAME_IF_EXISTS:bight_openssl> CLI11::CLI11)
target_compile_definitions(bight_tool PRIVATE BIGHT_VERSION="${PROJECT_VERSION}")
bight_own_target(bight_tool)
bight_unity(bight_tool)
