# The command-line tool: tool/*.cpp, as `bight` in the top of the build directory.

file(GLOB tool_sources CONFIGURE_DEPENDS tool/*.cpp)
if(NOT tool_sources)
  message(STATUS "bight: no sources in tool/, so no command-line tool")
  return()
endif()

find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)

add_executable(bight_tool ${tool_sources})
set_target_properties(bight_tool PROPERTIES OUTPUT_NAME bight RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
target_include_directories(bight_tool PRIVATE tool)
target_link_libraries(bight_tool PRIVATE bight::bight CLI11::CLI11 fmt::fmt)
target_compile_definitions(bight_tool PRIVATE BIGHT_VERSION="${PROJECT_VERSION}")
bight_own_target(bight_tool)
