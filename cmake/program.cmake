# What the tests, tools, examples and benchmarks share.

# Everything we build ourselves may use all components there are.
if(TARGET tallow::tallow)
  set(tallow_all tallow::tallow)
else()
  set(tallow_all tallow::core)
endif()

# Precompiled headers belong to ccache's hash only if the preprocessor says which one it used
# (gcc), and are only reproducible without their time stamp (clang).
add_library(tallow_program INTERFACE)
target_link_libraries(tallow_program INTERFACE ${tallow_all})
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(tallow_program INTERFACE -fpch-preprocess)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(tallow_program INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()
