# What comes with the relay besides the program, below whatever prefix it is installed. The Debian
# package (debian.cmake) is the same below /usr.

include(GNUInstallDirs)

# What the relay says of itself. The example explains every setting, and sets none.
set(tallow_relay_texts "${PROJECT_BINARY_DIR}/relay-texts")
set(tallow_relay_config "${tallow_relay_texts}/relay.toml")
set(tallow_relay_manual "${tallow_relay_texts}/tallow-relay.1.gz")
file(MAKE_DIRECTORY "${tallow_relay_texts}")
add_custom_command(OUTPUT "${tallow_relay_config}" "${tallow_relay_manual}"
  COMMAND tallow-relay example-config > "${tallow_relay_config}"
  COMMAND tallow-relay man-page | gzip -9n > "${tallow_relay_manual}"
  DEPENDS tallow-relay VERBATIM)
add_custom_target(tallow-relay-texts ALL DEPENDS "${tallow_relay_config}" "${tallow_relay_manual}")

set(tallow_relay_docs "${CMAKE_INSTALL_DATADIR}/doc/tallow-relay")
install(FILES "${tallow_relay_manual}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1"
  COMPONENT tallow-relay)
install(FILES docs/operations.md DESTINATION "${tallow_relay_docs}" COMPONENT tallow-relay)
install(FILES LICENSE DESTINATION "${tallow_relay_docs}" RENAME copyright COMPONENT tallow-relay)
install(FILES "${tallow_relay_config}" DESTINATION "${tallow_relay_docs}/examples"
  COMPONENT tallow-relay)

# The service says where the program is, and that is known only now.
install(FILES deploy/systemd/tallow-relay.socket DESTINATION lib/systemd/system
  COMPONENT tallow-relay)
install(CODE "
  file(READ [[${PROJECT_SOURCE_DIR}/deploy/systemd/tallow-relay.service]] unit)
  string(REPLACE /usr/bin/ \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/\" unit \"\${unit}\")
  string(REPLACE /usr/share/ \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/\"
    unit \"\${unit}\")
  if(NOT \"\${CMAKE_INSTALL_PREFIX}/\" MATCHES ^/usr/)
    string(REPLACE \"\nExecPaths=\" \"\nExecPaths=\${CMAKE_INSTALL_PREFIX} \"
      unit \"\${unit}\")
  endif()
  file(WRITE [[${tallow_relay_texts}/tallow-relay.service]] \"\${unit}\")
  file(INSTALL [[${tallow_relay_texts}/tallow-relay.service]]
    DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")
" COMPONENT tallow-relay)
