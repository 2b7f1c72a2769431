# cmake -P: runs a portfile with functions in the place of vcpkg's, which write down how they were
# called and, with STUB_RUN, do what they say.
#
#   PORTFILE  RECORD  PORT  FEATURES  CURRENT_PACKAGES_DIR  CURRENT_BUILDTREES_DIR
#   STUB_RUN  STUB_CXX
#
# What it says of a port is what this file knows of vcpkg, and no more than that.
cmake_minimum_required(VERSION 3.25)

set(VCPKG_TARGET_IS_LINUX ON)
set(TARGET_TRIPLET x64-linux)
file(WRITE "${RECORD}" "")

# Arguments may be lists, which ARGV would take apart; PARSE_ARGV does not.

# One line a call, with tabs between the parts.
function(stub_record name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "")
  set(line "${name}")
  foreach(part IN LISTS arg_UNPARSED_ARGUMENTS)
    string(APPEND line "\t${part}")
  endforeach()
  file(APPEND "${RECORD}" "${line}\n")
endfunction()

function(stub_run)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "")
  if(STUB_RUN)
    execute_process(COMMAND ${arg_UNPARSED_ARGUMENTS}
      OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE code)
    if(NOT code EQUAL 0)
      message(FATAL_ERROR "${arg_UNPARSED_ARGUMENTS}\n${said}")
    endif()
  endif()
endfunction()

# The part of cmake_parse_arguments that all share: nothing may be left over.
macro(stub_parse one_value several_values)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "${one_value}" "${several_values}")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR
      "${CMAKE_CURRENT_FUNCTION} was passed extra arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
endmacro()

function(vcpkg_cmake_configure)
  stub_parse("SOURCE_PATH;GENERATOR" "OPTIONS;OPTIONS_RELEASE;OPTIONS_DEBUG;MAYBE_UNUSED_VARIABLES")
  if(NOT VCPKG_BUILD_TYPE STREQUAL "release")
    message(FATAL_ERROR "this stub knows ports of one configuration alone")
  endif()
  stub_record(vcpkg_cmake_configure "${arg_SOURCE_PATH}" ${arg_OPTIONS})
  stub_run("${CMAKE_COMMAND}" -G Ninja -S "${arg_SOURCE_PATH}" -B "${CURRENT_BUILDTREES_DIR}/rel"
    "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}" -DCMAKE_BUILD_TYPE=Release
    "-DCMAKE_CXX_COMPILER=${STUB_CXX}" -DCMAKE_INSTALL_LIBDIR=lib ${arg_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
  stub_parse("" "")
  stub_record(vcpkg_cmake_install)
  stub_run("${CMAKE_COMMAND}" --build "${CURRENT_BUILDTREES_DIR}/rel" --target install)
endfunction()

# Moves the package to where vcpkg wants packages, and lets its files find the prefix from there.
function(vcpkg_cmake_config_fixup)
  stub_parse("PACKAGE_NAME;CONFIG_PATH;TOOLS_PATH" "")
  stub_record(vcpkg_cmake_config_fixup "${arg_PACKAGE_NAME}" "${arg_CONFIG_PATH}")
  if(NOT STUB_RUN)
    return()
  endif()
  set(from "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}")
  set(to "${CURRENT_PACKAGES_DIR}/share/${arg_PACKAGE_NAME}")
  if(NOT EXISTS "${from}")
    message(FATAL_ERROR "'${from}' does not exist")
  endif()
  file(RENAME "${from}" "${to}")
  cmake_path(GET from PARENT_PATH parent)
  file(GLOB left "${parent}/*")
  if(NOT left AND parent MATCHES "/cmake$")
    file(REMOVE_RECURSE "${parent}")
  endif()
  # CMake's own way up is as long as the folder was deep; from share/NAME it is two levels.
  set(step "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n")
  set(first "get_filename_component(_IMPORT_PREFIX \"\${CMAKE_CURRENT_LIST_FILE}\" PATH)\n")
  file(GLOB files "${to}/*.cmake")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(FIND "${text}" "${first}" at)
    if(at GREATER_EQUAL 0)
      string(REPLACE "${step}" "" text "${text}")
      string(REPLACE "${first}" "${first}${step}${step}" text "${text}")
      file(WRITE "${file}" "${text}")
    endif()
  endforeach()
endfunction()

function(vcpkg_fixup_pkgconfig)
  stub_parse("" "RELEASE_FILES;DEBUG_FILES")
  stub_record(vcpkg_fixup_pkgconfig)
endfunction()

function(vcpkg_install_copyright)
  stub_parse("COMMENT" "FILE_LIST")
  stub_record(vcpkg_install_copyright "${arg_FILE_LIST}")
  file(COPY_FILE "${arg_FILE_LIST}" "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright")
endfunction()

include("${PORTFILE}")
