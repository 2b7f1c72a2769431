# The Debian packages. That of the relay: cpack -G DEB in the build folder.

# A place that no prefix moves, so only the package gets it.
install(FILES "${tallow_relay_config}" DESTINATION /etc/tallow-relay
  COMPONENT tallow-relay-system EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_INSTALL_CMAKE_PROJECTS
  "${PROJECT_BINARY_DIR};tallow;tallow-relay;/;${PROJECT_BINARY_DIR};tallow;tallow-relay-system;/")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME tallow-relay)
set(CPACK_PACKAGE_VENDOR Tallow)
set(CPACK_PACKAGE_CONTACT "The Tallow project <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "relay for end-to-end encrypted file transfers")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${PROJECT_SOURCE_DIR}/deploy/debian/conffiles"
  "${PROJECT_SOURCE_DIR}/deploy/debian/postinst"
  "${PROJECT_SOURCE_DIR}/deploy/debian/prerm")
include(CPack)

# The package of tallow-cli: the same with --config CPackCliConfig.cmake.
file(WRITE "${PROJECT_BINARY_DIR}/CPackCliConfig.cmake" "\
include(\"${PROJECT_BINARY_DIR}/CPackConfig.cmake\")
set(CPACK_INSTALL_CMAKE_PROJECTS \"${PROJECT_BINARY_DIR};tallow;tallow-cli;/\")
set(CPACK_PACKAGE_NAME tallow-cli)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY \"sends files through a relay, end-to-end encrypted\")
unset(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA)
")
