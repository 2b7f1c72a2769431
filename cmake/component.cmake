# tallow_component(<name> [NEEDS <package>] LINKS <target>...)
#
# Makes the interface target tallow::<name> from tallow_<name>_headers. A component that
# TALLOW_COMPONENTS leaves out, directly or by leaving out what it stands on, does not exist, and
# its package is not looked for.
function(tallow_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NEEDS" "LINKS")
  if(NOT TALLOW_COMPONENTS STREQUAL "all" AND NOT name IN_LIST TALLOW_COMPONENTS)
    return()
  endif()
  foreach(target IN LISTS arg_LINKS)
    string(REPLACE "tallow::" "" below "${target}")
    if(below IN_LIST tallow_components AND NOT TARGET ${target})
      message(FATAL_ERROR "TALLOW_COMPONENTS asks for ${name} without ${below}")
    endif()
  endforeach()
  if(arg_NEEDS)
    find_package(${arg_NEEDS} REQUIRED)
  endif()

  list(TRANSFORM tallow_${name}_headers PREPEND "${PROJECT_SOURCE_DIR}/include/tallow/")
  add_library(tallow_${name} INTERFACE)
  add_library(tallow::${name} ALIAS tallow_${name})
  target_sources(tallow_${name} INTERFACE FILE_SET HEADERS
    BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${tallow_${name}_headers})
  target_compile_features(tallow_${name} INTERFACE cxx_std_20)
  target_link_libraries(tallow_${name} INTERFACE ${arg_LINKS})
  set_target_properties(tallow_${name} PROPERTIES
    EXPORT_NAME ${name}
    VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
endfunction()
