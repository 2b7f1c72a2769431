# What comes with tallow-cli besides the program, below whatever prefix it is installed.

include(GNUInstallDirs)

# What it says of itself.
set(tallow_cli_texts "${PROJECT_BINARY_DIR}/cli-texts")
set(tallow_cli_pages tallow-cli.1.gz tallow-cli.bash _tallow-cli tallow-cli.fish config.toml)
list(TRANSFORM tallow_cli_pages PREPEND "${tallow_cli_texts}/")
file(MAKE_DIRECTORY "${tallow_cli_texts}")
add_custom_command(OUTPUT ${tallow_cli_pages}
  COMMAND tallow-cli man-page | gzip -9n > tallow-cli.1.gz
  COMMAND tallow-cli completions bash > tallow-cli.bash
  COMMAND tallow-cli completions zsh > _tallow-cli
  COMMAND tallow-cli completions fish > tallow-cli.fish
  COMMAND tallow-cli config --example > config.toml
  WORKING_DIRECTORY "${tallow_cli_texts}" DEPENDS tallow-cli VERBATIM)
add_custom_target(tallow-cli-texts ALL DEPENDS ${tallow_cli_pages})

# tallow_cli_file(<file> <folder> <name>): a text under that name.
function(tallow_cli_file file folder name)
  install(FILES "${tallow_cli_texts}/${file}" DESTINATION "${folder}" RENAME "${name}"
    COMPONENT tallow-cli)
endfunction()

# tallow_cli_link(<folder> <name> <target>): what the short name finds.
function(tallow_cli_link folder name target)
  file(MAKE_DIRECTORY "${tallow_cli_texts}/links/${folder}")
  file(CREATE_LINK "${target}" "${tallow_cli_texts}/links/${folder}/${name}" SYMBOLIC)
  install(FILES "${tallow_cli_texts}/links/${folder}/${name}" DESTINATION "${folder}"
    COMPONENT tallow-cli)
endfunction()

set(data "${CMAKE_INSTALL_DATADIR}")
tallow_cli_link("${CMAKE_INSTALL_BINDIR}" tallow tallow-cli)
tallow_cli_file(tallow-cli.1.gz "${CMAKE_INSTALL_MANDIR}/man1" tallow-cli.1.gz)
tallow_cli_link("${CMAKE_INSTALL_MANDIR}/man1" tallow.1.gz tallow-cli.1.gz)
tallow_cli_file(tallow-cli.bash "${data}/bash-completion/completions" tallow-cli)
tallow_cli_link("${data}/bash-completion/completions" tallow tallow-cli)
tallow_cli_file(tallow-cli.fish "${data}/fish/vendor_completions.d" tallow-cli.fish)
tallow_cli_link("${data}/fish/vendor_completions.d" tallow.fish tallow-cli.fish)
tallow_cli_file(config.toml "${data}/doc/tallow-cli/examples" config.toml)
install(FILES LICENSE DESTINATION "${data}/doc/tallow-cli" RENAME copyright COMPONENT tallow-cli)

# Debian's zsh looks for what packages bring in a folder of its own.
install(CODE "
  set(folder site-functions)
  if(\"\${CMAKE_INSTALL_PREFIX}\" STREQUAL /usr)
    set(folder vendor-completions)
  endif()
  file(INSTALL [[${tallow_cli_texts}/_tallow-cli]]
    DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${data}/zsh/\${folder}\")
" COMPONENT tallow-cli)
unset(data)
