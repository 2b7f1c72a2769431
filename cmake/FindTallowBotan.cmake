# tallow::botan: Botan 3.12 or later with the modules Tallow uses, from the prefix that
# scripts/bootstrap makes or from the distribution.
#
# Botan's own CMake file is not used: some distributions' names an include folder that does not
# exist, and none of them says which modules were left out.

# Not cached: a newer prefix has to win over the one found last time.
find_path(_tallow_botan_include botan/build.h PATH_SUFFIXES botan-3 NO_CACHE)
find_library(_tallow_botan_library NAMES botan-3 NO_CACHE)

unset(_tallow_botan_problem)
if(_tallow_botan_include AND _tallow_botan_library)
  file(STRINGS "${_tallow_botan_include}/botan/build.h" _tallow_botan_build
    REGEX "^#define BOTAN_(VERSION|HAS)_")
  set(TallowBotan_VERSION "")
  foreach(_tallow_part MAJOR MINOR PATCH)
    if("${_tallow_botan_build}" MATCHES "BOTAN_VERSION_${_tallow_part} +([0-9]+)")
      list(APPEND TallowBotan_VERSION "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  list(JOIN TallowBotan_VERSION "." TallowBotan_VERSION)

  # Botan before 3.12 has known faults in what Tallow uses (CVE-2026-34582 among them).
  if(TallowBotan_VERSION VERSION_LESS 3.12 OR NOT TallowBotan_VERSION VERSION_LESS 4)
    set(_tallow_botan_problem
      "${_tallow_botan_library} is Botan ${TallowBotan_VERSION}, but Tallow needs 3.12 or a later 3.x.")
  else()
    set(_tallow_botan_absent "")
    foreach(_tallow_module
        ML_KEM ML_DSA X25519 ED25519 XMD PCURVES_SECP256R1 HKDF HMAC AES AEAD_GCM
        AEAD_CHACHA20_POLY1305 SHA2_32 SHA2_64 SHA3 SHAKE SHAKE_XOF AUTO_RNG SYSTEM_RNG BASE64_CODEC HEX_CODEC
        TLS_13 TLS_13_PQC X509_CERTIFICATES ECDSA PEM_CODEC CERTSTOR_SYSTEM CERTSTOR_FLATFILE)
      if(NOT "${_tallow_botan_build}" MATCHES "BOTAN_HAS_${_tallow_module}( |;|$)")
        list(APPEND _tallow_botan_absent ${_tallow_module})
      endif()
    endforeach()
    if(_tallow_botan_absent)
      list(JOIN _tallow_botan_absent " " _tallow_botan_absent)
      set(_tallow_botan_problem
        "${_tallow_botan_library} was built without modules Tallow uses: ${_tallow_botan_absent}.")
    endif()
  endif()
else()
  set(_tallow_botan_problem "Botan 3 was not found.")
endif()

if(_tallow_botan_problem)
  string(APPEND _tallow_botan_problem
    " Debian 13: apt-get install libbotan-3-dev, with the security suite among the apt sources."
    " Elsewhere: export CMAKE_PREFIX_PATH=\"$(scripts/bootstrap)\" in Tallow's source folder, then"
    " configure again.")
endif()
if(_tallow_botan_problem)
  set(_tallow_botan_usable FALSE)
else()
  set(_tallow_botan_usable TRUE)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TallowBotan
  REQUIRED_VARS _tallow_botan_library _tallow_botan_usable
  VERSION_VAR TallowBotan_VERSION
  REASON_FAILURE_MESSAGE "${_tallow_botan_problem}")

if(TallowBotan_FOUND AND NOT TARGET tallow::botan)
  find_package(Threads REQUIRED)
  add_library(tallow::botan UNKNOWN IMPORTED)
  set_target_properties(tallow::botan PROPERTIES
    IMPORTED_LOCATION "${_tallow_botan_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${_tallow_botan_include}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
  if(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL)
    set_target_properties(tallow::botan PROPERTIES IMPORTED_GLOBAL TRUE)
  endif()
endif()
