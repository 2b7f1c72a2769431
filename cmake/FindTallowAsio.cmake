# tallow::asio: standalone Asio 1.30.2 or later, which has no CMake package of its own. A target
# asio::asio that the program already has, or that a package manager provides, is used as it is.
if(NOT TARGET asio::asio)
  find_package(asio 1.30.2 CONFIG QUIET)
endif()
if(TARGET asio::asio)
  set(TallowAsio_FOUND TRUE)
  if(NOT TARGET tallow::asio)
    add_library(tallow::asio INTERFACE IMPORTED)
    set_target_properties(tallow::asio PROPERTIES INTERFACE_LINK_LIBRARIES asio::asio)
  endif()
else()
  find_path(_tallow_asio_include asio/version.hpp NO_CACHE)
  if(_tallow_asio_include)
    # ASIO_VERSION % 100 is the patch, / 100 % 1000 the minor, / 100000 the major version.
    file(STRINGS "${_tallow_asio_include}/asio/version.hpp" _tallow_asio_line
      REGEX "^#define ASIO_VERSION ")
    string(REGEX REPLACE "^#define ASIO_VERSION ([0-9]+).*" "\\1" _tallow_asio_number
      "${_tallow_asio_line}")
    math(EXPR _tallow_asio_major "${_tallow_asio_number} / 100000")
    math(EXPR _tallow_asio_minor "${_tallow_asio_number} / 100 % 1000")
    math(EXPR _tallow_asio_patch "${_tallow_asio_number} % 100")
    set(TallowAsio_VERSION "${_tallow_asio_major}.${_tallow_asio_minor}.${_tallow_asio_patch}")
  endif()
  if(NOT TallowAsio_FIND_VERSION)
    set(TallowAsio_FIND_VERSION 1.30.2)
  endif()

  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(TallowAsio
    REQUIRED_VARS _tallow_asio_include
    VERSION_VAR TallowAsio_VERSION)

  if(TallowAsio_FOUND AND NOT TARGET tallow::asio)
    find_package(Threads REQUIRED)
    add_library(tallow::asio INTERFACE IMPORTED)
    set_target_properties(tallow::asio PROPERTIES
      INTERFACE_INCLUDE_DIRECTORIES "${_tallow_asio_include}"
      INTERFACE_COMPILE_DEFINITIONS ASIO_STANDALONE
      INTERFACE_LINK_LIBRARIES Threads::Threads)
  endif()
endif()
if(TARGET tallow::asio AND CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
  set_target_properties(tallow::asio PROPERTIES IMPORTED_GLOBAL TRUE)
endif()
