# The Debian package of the relay: cpack -G DEB in the build folder.

include(GNUInstallDirs)

# What the relay says of itself. The example explains every setting, and sets none.
set(tallow_relay_config "${PROJECT_BINARY_DIR}/debian/relay.toml")
set(tallow_relay_manual "${PROJECT_BINARY_DIR}/debian/tallow-relay.1.gz")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/debian")
add_custom_command(OUTPUT "${tallow_relay_config}" "${tallow_relay_manual}"
  COMMAND tallow-relay example-config > "${tallow_relay_config}"
  COMMAND tallow-relay man-page | gzip -9n > "${tallow_relay_manual}"
  DEPENDS tallow-relay VERBATIM)
add_custom_target(tallow-relay-texts ALL DEPENDS "${tallow_relay_config}" "${tallow_relay_manual}")

# Places that no prefix moves, so only a package gets them.
install(FILES "${tallow_relay_config}" DESTINATION /etc/tallow-relay
  COMPONENT tallow-relay-system EXCLUDE_FROM_ALL)
install(FILES "${tallow_relay_manual}" DESTINATION /usr/share/man/man1
  COMPONENT tallow-relay-system EXCLUDE_FROM_ALL)
install(FILES deploy/systemd/tallow-relay.service deploy/systemd/tallow-relay.socket
  DESTINATION /usr/lib/systemd/system COMPONENT tallow-relay-system EXCLUDE_FROM_ALL)
install(FILES docs/operations.md DESTINATION /usr/share/doc/tallow-relay
  COMPONENT tallow-relay-system EXCLUDE_FROM_ALL)
install(FILES LICENSE DESTINATION /usr/share/doc/tallow-relay RENAME copyright
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
