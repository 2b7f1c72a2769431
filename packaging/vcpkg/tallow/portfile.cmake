# An overlay port of the source folder that it lies in.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT EXISTS "${SOURCE_PATH}/include/tallow/tallow.hpp")
  message(FATAL_ERROR "${SOURCE_PATH} is not Tallow's source folder: leave the port where it lies")
endif()

set(components core)
if("botan" IN_LIST FEATURES)
  list(APPEND components crypto)
endif()
if("zstd" IN_LIST FEATURES)
  list(APPEND components transfer session files)
endif()
if("net" IN_LIST FEATURES)
  list(APPEND components net tallow)
endif()

# Headers are the same in every configuration.
set(VCPKG_BUILD_TYPE release)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    "-DTALLOW_COMPONENTS=${components}"
    -DTALLOW_BUILD_TESTS=OFF
    -DTALLOW_BUILD_TOOLS=OFF
    -DTALLOW_BUILD_EXAMPLES=OFF
    -DTALLOW_BUILD_BENCH=OFF
    -DTALLOW_BUILD_FUZZ=OFF
    -DTALLOW_INSTALL=ON)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME tallow CONFIG_PATH share/cmake/tallow)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug" "${CURRENT_PACKAGES_DIR}/lib")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
