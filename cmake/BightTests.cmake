# How the files in tests/ become ctest tests.

find_program(BIGHT_PYTHON NAMES python3.11 python3 PATHS /usr/bin NO_DEFAULT_PATH)
set(bight_test_timeout 180)  # seconds, for every test

# tests/LAYER/**/*_test.cpp becomes the GoogleTest program test_LAYER; tests/support/*.cpp is linked into each.
function(bight_unit_tests)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  file(GLOB_RECURSE sources RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" CONFIGURE_DEPENDS *_test.cpp)
  if(NOT TARGET bight_openssl)
    list(FILTER sources EXCLUDE REGEX "^frameworks/file_transfer/")
  endif()
  find_package(CURL QUIET)
  if(NOT TARGET CURL::libcurl)
    message(STATUS "bight: no libcurl, so no test of another library on the loop")
    list(FILTER sources EXCLUDE REGEX "^libraries/")
  endif()
  file(GLOB support CONFIGURE_DEPENDS support/*.cpp)
  if(support)
    add_library(test_support STATIC ${support})
    bight_test_target(test_support)
  endif()

  set(layers "")
  foreach(source IN LISTS sources)
    string(REGEX REPLACE "/.*" "" layer "${source}")
    list(APPEND layers ${layer})
    list(APPEND sources_${layer} ${source})
  endforeach()
  list(REMOVE_DUPLICATES layers)
  if(BIGHT_TEST_LAYERS)
    set(layers ${BIGHT_TEST_LAYERS})
  endif()

  set(alone asyncio/faults_test.cpp asyncio/fds_test.cpp asyncio/flags_test.cpp asyncio/protocol_differential_test.cpp
    asyncio/pump_test.cpp asyncio/server_test.cpp asyncio/stream_test.cpp asyncio/tasks_test.cpp
    asyncio/trains_test.cpp blocking/connect_test.cpp blocking/data_test.cpp blocking/message_test.cpp
    blocking/netdb_test.cpp blocking/parity_test.cpp frameworks/file_transfer/torture_test.cpp
    frameworks/parity_test.cpp frameworks/prefork_test.cpp frameworks/proxies_test.cpp
    frameworks/socketserver_test.cpp frameworks/stop_test.cpp frameworks/waiting_test.cpp)
  foreach(layer IN LISTS layers)
    add_executable(test_${layer} ${sources_${layer}})
    bight_test_target(test_${layer})
    bight_unity(test_${layer} ${alone})
    if(layer IN_LIST BIGHT_UNOPTIMIZED_TESTS)
      target_compile_options(test_${layer} PRIVATE -O0)
    endif()
    target_link_libraries(test_${layer} PRIVATE $<TARGET_NAME_IF_EXISTS:test_support>
      $<TARGET_NAME_IF_EXISTS:bight_openssl> GTest::gtest_main)
    if(layer STREQUAL "libraries")
      target_link_libraries(test_${layer} PRIVATE CURL::libcurl)
    endif()
    # Listed when ctest starts, not when it is linked: a build never runs what it has just built.
    gtest_discover_tests(test_${layer} DISCOVERY_MODE PRE_TEST TEST_PREFIX ${layer}. DISCOVERY_TIMEOUT 60
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" PROPERTIES LABELS unit TIMEOUT ${bight_test_timeout})
  endforeach()
endfunction()

# Tests see the private headers of src/ and what lies beside them in tests/.
function(bight_test_target target)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PUBLIC bight::bight GTest::gtest)
  bight_own_target(${target})
endfunction()

# tests/FOLDER/test_*.py (unittest): one ctest test for each method, run by run_case.py. Exit 77 is a skip, with its reason.
function(bight_python_tests folder)
  set(tool "${PROJECT_BINARY_DIR}/bight")
  set(variables "BIGHT=${tool}" "BIGHT_BUILD=${PROJECT_BINARY_DIR}" "BIGHT_SOURCE=${PROJECT_SOURCE_DIR}"
    "PYTHONDONTWRITEBYTECODE=1")
  set(run "${BIGHT_PYTHON}" "${PROJECT_SOURCE_DIR}/tests/run_case.py")
  file(GLOB files CONFIGURE_DEPENDS ${folder}/test_*.py)
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    cmake_path(GET file STEM module)
    execute_process(COMMAND "${CMAKE_COMMAND}" -E env ${variables} ${run} --list "${file}"
      OUTPUT_VARIABLE cases OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    string(REPLACE "\n" ";" cases "${cases}")
    foreach(line IN LISTS cases)
      string(REPLACE " " ";" line "${line}")
      list(GET line 0 case)
      list(GET line 1 timeout)
      list(GET line 2 alone)
      set(name "${folder}.${module}.${case}")
      add_test(NAME "${name}" COMMAND ${run} "${file}" ${case} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
      set_tests_properties("${name}" PROPERTIES
        LABELS ${folder} TIMEOUT ${timeout} RUN_SERIAL ${alone} SKIP_RETURN_CODE 77 ENVIRONMENT "${variables}")
    endforeach()
  endforeach()
endfunction()
