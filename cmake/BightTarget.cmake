# What every target of our own gets and no user of the library does: warnings, hardening, a fast linker, ccache; and where
# it is wished for, fewer and larger compilations.

option(BIGHT_FAST_LINKER "Link with mold or lld where present, except in release builds" ${PROJECT_IS_TOP_LEVEL})

option(BIGHT_UNITY "Compile many files of the library, the tool and the tests at once: quicker, but hides a missing #include" OFF)

set(CMAKE_CXX_SCAN_FOR_MODULES OFF)  # there are no modules here; newer CMakes would look for some in every file

if(PROJECT_IS_TOP_LEVEL)
  find_program(BIGHT_CCACHE ccache)
  if(BIGHT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${BIGHT_CCACHE}")
  endif()
endif()

if(BIGHT_FAST_LINKER)
  find_program(BIGHT_LINKER NAMES mold ld.mold ld.lld-19 ld.lld)
  if(BIGHT_LINKER MATCHES "mold$")
    set(bight_linker -fuse-ld=mold)
  elseif(BIGHT_LINKER AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(bight_linker "--ld-path=${BIGHT_LINKER}")
  endif()
endif()

set(bight_optimised $<CONFIG:Release,RelWithDebInfo,MinSizeRel>)

function(bight_own_target target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    $<$<BOOL:${BIGHT_WERROR}>:-Werror>)
  if(NOT target MATCHES "^bight(_openssl)?$")
    target_link_options(${target} PRIVATE $<$<NOT:${bight_optimised}>:${bight_linker}>)
  endif()
  if(BIGHT_HARDEN)
    bight_harden(${target})
  endif()
endfunction()

# Fortified copies need optimisation, and sanitizers do all this better: hence only in optimised configurations.
function(bight_harden target)
  set(flags -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|i.86")
    list(APPEND flags -fcf-protection)
  endif()
  target_compile_options(${target} PRIVATE "$<${bight_optimised}:${flags}>")
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "STATIC_LIBRARY")
    target_link_options(${target} PRIVATE "$<${bight_optimised}:-Wl,-z,relro,-z,now>")
  endif()
  if(type STREQUAL "EXECUTABLE")
    target_compile_options(${target} PRIVATE $<${bight_optimised}:-fPIE>)
    target_link_options(${target} PRIVATE $<${bight_optimised}:-pie>)
  endif()
endfunction()

# bight_unity(TARGET FILE...): the files are compiled alone all the same, for their names or headers clash with others'.
# Names of one file hide those of another, g++ takes what is included for a header, and sees in what it inlines from others
# what is not initialised and is not read either: those warnings are for other cells.
function(bight_unity target)
  if(BIGHT_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    target_compile_options(${target} PRIVATE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>
      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  endif()
endfunction()
