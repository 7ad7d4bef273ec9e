# Each bench/NAME.cpp is a program of claims in <build>/bench/; the target `bench` builds them all.

find_package(benchmark REQUIRED)
add_custom_target(bench)

file(GLOB bench_support CONFIGURE_DEPENDS bench/support/*.cpp)
add_library(bench_support STATIC ${bench_support})
target_compile_features(bench_support PUBLIC cxx_std_23)
target_include_directories(bench_support PUBLIC bench)
target_link_libraries(bench_support PUBLIC benchmark::benchmark)
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
