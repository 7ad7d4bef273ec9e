# Each bench/NAME.cpp is a program of claims in <build>/bench/; the target `bench` builds them all.

find_package(benchmark REQUIRED)
add_custom_target(bench)

file(GLOB bench_support CONFIGURE_DEPENDS bench/support/*.cpp)
add_library(bench_support STATIC ${bench_support})
target_compile_features(bench_support PUBLIC cxx_std_23)
target_include_directories(bench_support PUBLIC bench)
find_library(BIGHT_URING_LIBRARY uring REQUIRED)
target_link_libraries(bench_support PUBLIC benchmark::benchmark PRIVATE ${BIGHT_URING_LIBRARY})
bight_own_target(bench_support)

file(GLOB bench_sources CONFIGURE_DEPENDS bench/*.cpp)
foreach(source IN LISTS bench_sources)
  cmake_path(GET source STEM name)
  add_executable(bench_${name} ${source})
  set_target_properties(bench_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
  target_link_libraries(bench_${name} PRIVATE bight::bight bench_support)
  bight_own_target(bench_${name})
  add_dependencies(bench bench_${name})
endforeach()

# The servers that are compared, ours and others, in one program. What is optional is found by its header.
file(GLOB bench_servers CONFIGURE_DEPENDS bench/servers/*.cpp)
add_executable(bench_echo_server ${bench_servers})
set_target_properties(bench_echo_server PROPERTIES
  OUTPUT_NAME echo_server RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
target_link_libraries(bench_echo_server PRIVATE bight::bight bench_support ${BIGHT_URING_LIBRARY})
bight_own_target(bench_echo_server)
add_dependencies(bench bench_echo_server)

find_library(BIGHT_UV_LIBRARY uv)
if(BIGHT_UV_LIBRARY)
  target_link_libraries(bench_echo_server PRIVATE ${BIGHT_UV_LIBRARY})
endif()
find_program(BIGHT_GO go)
if(BIGHT_GO)
  set(program "${PROJECT_BINARY_DIR}/bench/echo_go")
  add_custom_command(OUTPUT "${program}" DEPENDS bench/servers/echo.go VERBATIM
    COMMAND "${CMAKE_COMMAND}" -E env "GOCACHE=${PROJECT_BINARY_DIR}/go" "${BIGHT_GO}" build -o "${program}"
      "${PROJECT_SOURCE_DIR}/bench/servers/echo.go")
  add_custom_target(bench_echo_go DEPENDS "${program}")
  add_dependencies(bench bench_echo_go)
endif()
find_library(BIGHT_EVENT_LIBRARY event_core)
if(BIGHT_EVENT_LIBRARY)
  target_link_libraries(bench_asyncio_tasks PRIVATE ${BIGHT_EVENT_LIBRARY})
endif()

# The servers of the socketserver rows; those against POCO are left out where it is not installed.
find_package(Poco QUIET COMPONENTS Foundation Net)
file(GLOB bench_socketservers CONFIGURE_DEPENDS bench/socketserver/*.cpp)
list(FILTER bench_socketservers EXCLUDE REGEX "poco\\.cpp$")
add_library(bench_socketservers STATIC ${bench_socketservers}
  bench/socketserver/$<IF:$<TARGET_EXISTS:Poco::Net>,poco,no_poco>.cpp)
target_link_libraries(bench_socketservers
  PUBLIC bench_support PRIVATE bight::bight $<$<TARGET_EXISTS:Poco::Net>:Poco::Net>)
bight_own_target(bench_socketservers)
target_link_libraries(bench_socketserver PRIVATE bench_socketservers)
target_link_libraries(bench_socketserver_idle PRIVATE bench_socketservers)
