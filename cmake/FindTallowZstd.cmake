# tallow::zstd: zstd 1.5 or later. zstd's own CMake package names its target differently from one
# distribution to the next, and some ship none; the header and the library are always there.
find_path(_tallow_zstd_include zstd.h NO_CACHE)
find_library(_tallow_zstd_library NAMES zstd NO_CACHE)

if(_tallow_zstd_include)
  file(STRINGS "${_tallow_zstd_include}/zstd.h" _tallow_zstd_lines
    REGEX "^#define ZSTD_VERSION_(MAJOR|MINOR|RELEASE) ")
  string(REGEX REPLACE "[^0-9;]" "" TallowZstd_VERSION "${_tallow_zstd_lines}")
  string(REPLACE ";" "." TallowZstd_VERSION "${TallowZstd_VERSION}")
endif()
if(NOT TallowZstd_FIND_VERSION)
  set(TallowZstd_FIND_VERSION 1.5)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TallowZstd
  REQUIRED_VARS _tallow_zstd_library _tallow_zstd_include
  VERSION_VAR TallowZstd_VERSION)

if(TallowZstd_FOUND AND NOT TARGET tallow::zstd)
  add_library(tallow::zstd UNKNOWN IMPORTED)
  set_target_properties(tallow::zstd PROPERTIES
    IMPORTED_LOCATION "${_tallow_zstd_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${_tallow_zstd_include}")
  if(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
    set_target_properties(tallow::zstd PROPERTIES IMPORTED_GLOBAL TRUE)
  endif()
endif()
