# One export file per component, so that find_package(tallow COMPONENTS core) works on a machine
# without Botan, Asio and zstd. Nothing depends on the processor: all of it goes under share/.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(tallow_package_dir "${CMAKE_INSTALL_DATADIR}/cmake/tallow")

foreach(name IN LISTS tallow_components)
  if(TARGET tallow_${name})
    install(TARGETS tallow_${name} EXPORT tallow-${name} FILE_SET HEADERS COMPONENT library)
    install(EXPORT tallow-${name} NAMESPACE tallow:: DESTINATION "${tallow_package_dir}"
      COMPONENT library)
  endif()
endforeach()

write_basic_package_version_file("${PROJECT_BINARY_DIR}/tallow-config-version.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  "${PROJECT_BINARY_DIR}/tallow-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/tallow-config.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindTallowAsio.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindTallowBotan.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindTallowZstd.cmake"
  DESTINATION "${tallow_package_dir}" COMPONENT library)

# ${pcfiledir} keeps them right wherever the files are moved to.
configure_file("${PROJECT_SOURCE_DIR}/cmake/tallow-core.pc.in"
  "${PROJECT_BINARY_DIR}/tallow-core.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tallow-core.pc"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig" COMPONENT library)
if(TARGET tallow::tallow)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/tallow.pc.in" "${PROJECT_BINARY_DIR}/tallow.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/tallow.pc"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig" COMPONENT library)
endif()
