# Settings of our own build; a program that adds this directory does not get them.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_RUNTIME_OUTPUT_DIRECTORY)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
endif()

# A build without ccache is a build of its own choice: -DCMAKE_CXX_COMPILER_LAUNCHER= (empty).
if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TALLOW_CCACHE ccache)
  if(TALLOW_CCACHE)
    # The sloppiness is what ccache asks for with precompiled headers; the base directory lets
    # a second checkout use the objects of the first.
    set(CMAKE_CXX_COMPILER_LAUNCHER env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${TALLOW_CCACHE}")
  endif()
endif()

# The prefix that scripts/bootstrap printed comes in the environment. It is kept, so that a build
# that configures itself again from another shell finds what the first one found.
if(DEFINED ENV{CMAKE_PREFIX_PATH} AND NOT "$ENV{CMAKE_PREFIX_PATH}" STREQUAL TALLOW_PREFIX_PATH)
  set(TALLOW_PREFIX_PATH "$ENV{CMAKE_PREFIX_PATH}" CACHE INTERNAL "Prefixes of the private libraries")
  unset(tl-expected_DIR CACHE)
endif()
string(REPLACE ":" ";" tallow_prefix_list "${TALLOW_PREFIX_PATH}")
list(APPEND CMAKE_PREFIX_PATH ${tallow_prefix_list})
