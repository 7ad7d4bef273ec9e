# bight::openssl: what stands on OpenSSL, in a library of its own, so that bight::bight depends on nothing. Its headers are
# installed with all others.

if(BIGHT_OPENSSL)
  find_package(OpenSSL 3.0 COMPONENTS Crypto)
endif()
if(NOT TARGET OpenSSL::Crypto)
  message(STATUS "bight: without OpenSSL (libssl-dev), so without bight::openssl: no file transfer, no bight send and recv")
  return()
endif()

file(GLOB_RECURSE bight_openssl_sources CONFIGURE_DEPENDS src/ssl/*.cpp src/frameworks/file_transfer/*.cpp)
add_library(bight_openssl ${bight_openssl_sources})
add_library(bight::openssl ALIAS bight_openssl)
target_include_directories(bight_openssl PRIVATE src)
target_link_libraries(bight_openssl PUBLIC bight::bight PRIVATE OpenSSL::Crypto)
target_compile_options(bight_openssl PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
set_target_properties(bight_openssl PROPERTIES
  EXPORT_NAME openssl
  POSITION_INDEPENDENT_CODE ON
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
bight_own_target(bight_openssl)
