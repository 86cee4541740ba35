# Compiler options of every target, in one place: the INTERFACE target nf_options.
option(NF_WERROR "warnings are errors" OFF)
option(NF_COVERAGE "instrument for gcov" OFF)
option(NF_FUZZ "build the libFuzzer targets (clang)" OFF)
option(NF_BENCH "build the load generator" OFF)
option(NF_FAULT_POINTS "places where a test lets the process die (host/base/fault.h)" OFF)
option(NF_UCONTEXT "switch stacks with ucontext instead of assembly (any machine)" OFF)
set(NF_SANITIZE "" CACHE STRING "value for -fsanitize=")

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g -DNDEBUG")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

add_library(nf_options INTERFACE)
target_compile_definitions(nf_options INTERFACE _GNU_SOURCE NF_VERSION_STRING="${PROJECT_VERSION}")
target_compile_options(nf_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wundef -Wformat=2 -fno-common -fno-strict-aliasing
  $<$<BOOL:${NF_WERROR}>:-Werror>)
if(NF_SANITIZE)
  # no-sanitize-recover: the first finding ends the process, so a test cannot pass over it.
  # A target with the property NF_NOT_SANITIZED is left as it is.
  set(flags -fsanitize=${NF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  set(wanted $<NOT:$<BOOL:$<TARGET_PROPERTY:NF_NOT_SANITIZED>>>)
  target_compile_options(nf_options INTERFACE $<${wanted}:${flags}>)
  target_link_options(nf_options INTERFACE $<${wanted}:-fsanitize=${NF_SANITIZE}>)
  target_compile_definitions(nf_options INTERFACE NF_SANITIZED)
elseif(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(nf_options INTERFACE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  target_link_options(nf_options INTERFACE -Wl,-z,relro,-z,now)
endif()
if(NF_FAULT_POINTS)
  target_compile_definitions(nf_options INTERFACE NF_FAULT_POINTS)
endif()
if(NF_COVERAGE)
  target_compile_options(nf_options INTERFACE --coverage)
  target_link_options(nf_options INTERFACE --coverage)
endif()
if(NF_FUZZ)
  target_compile_options(nf_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
