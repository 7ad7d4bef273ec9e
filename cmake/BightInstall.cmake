# install: headers, library, find_package(bight) and bight.pc; the tool where it is built.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/bight")

install(TARGETS bight EXPORT bight FILE_SET HEADERS)
install(EXPORT bight NAMESPACE bight:: DESTINATION ${package_dir} FILE bightTargets.cmake)
if(TARGET bight_openssl)  # in a file of its own: who does not ask for it needs no OpenSSL
  install(TARGETS bight_openssl EXPORT bight_openssl)
  install(EXPORT bight_openssl NAMESPACE bight:: DESTINATION ${package_dir} FILE bight-opensslTargets.cmake)
endif()

configure_package_config_file(cmake/bightConfig.cmake.in "${PROJECT_BINARY_DIR}/bightConfig.cmake"
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/bightConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/bightConfig.cmake" "${PROJECT_BINARY_DIR}/bightConfigVersion.cmake"
  DESTINATION ${package_dir})

# A .pc finds its folders from where it lies itself, so an installed tree may be moved or staged.
set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
foreach(name IN ITEMS LIBDIR INCLUDEDIR)
  set(pc_${name} "${CMAKE_INSTALL_${name}}")
  if(NOT IS_ABSOLUTE "${pc_dir}" AND NOT IS_ABSOLUTE "${pc_${name}}")
    cmake_path(RELATIVE_PATH pc_${name} BASE_DIRECTORY "${pc_dir}")
    string(PREPEND pc_${name} "\${pcfiledir}/")
  endif()
endforeach()
set(pc_names bight)
if(TARGET bight_openssl)
  list(APPEND pc_names bight-openssl)
endif()
foreach(name IN LISTS pc_names)
  configure_file(cmake/${name}.pc.in "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${pc_dir}")
endforeach()

if(TARGET bight_tool)
  install(TARGETS bight_tool)
endif()
