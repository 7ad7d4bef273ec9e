# Each .cpp in examples/NN_name/ is a program in <build>/examples/: main.cpp becomes NN_name, server.cpp NN_name_server.

file(GLOB example_sources CONFIGURE_DEPENDS examples/*/*.cpp)
if(NOT TARGET bight_openssl)
  list(FILTER example_sources EXCLUDE REGEX "/examples/36_file_upload/")
endif()
foreach(source IN LISTS example_sources)
  cmake_path(GET source STEM stem)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET folder FILENAME name)
  if(NOT stem STREQUAL "main")
    string(APPEND name "_${stem}")
  endif()
  add_executable(example_${name} ${source})
  set_target_properties(example_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
  target_link_libraries(example_${name} PRIVATE bight::bight $<TARGET_NAME_IF_EXISTS:bight::openssl>)
  bight_own_target(example_${name})
endforeach()
