# nf_layer(NAME USES layer... LIBS target...): one static library nf_NAME from all .c files of this folder.
#
# Other layers are included as "layer/file.h". Each layer has an include root of its own in the build
# folder with nothing in it but itself, so a layer that is not in USES cannot be included: the compiler
# does not find it. tests/lint/layers.py says the same with the name of the wrong line.
function(nf_layer name)
  cmake_parse_arguments(L "" "" "USES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  set(root ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${name} SYMBOLIC)
  if(sources)
    add_library(nf_${name} STATIC ${sources})
    set(kind PUBLIC)
    target_link_libraries(nf_${name} PRIVATE nf_options)
  else()
    add_library(nf_${name} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(nf_${name} ${kind} ${root})
  foreach(used ${L_USES})
    target_link_libraries(nf_${name} ${kind} nf_${used})
  endforeach()
  target_link_libraries(nf_${name} ${kind} ${L_LIBS})
endfunction()
