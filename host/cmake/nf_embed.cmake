# nf_embed(TARGET SYMBOL file...): the files become part of TARGET as the table SYMBOL (base/embed.h has its type).
#
# Run as a script (-P) it writes one C file from one list of files; that happens in the build whenever one changes.
if(CMAKE_SCRIPT_MODE_FILE)
  set(text "/* written by host/cmake/nf_embed.cmake */\n#include \"base/embed.h\"\n\n#include <stddef.h>\n\n")
  string(APPEND text "extern const nf_embedded ${SYMBOL}[];\n\n")
  set(table "const nf_embedded ${SYMBOL}[] = {\n")
  set(number 0)
  string(REPLACE "|" ";" FILES "${FILES}")
  foreach(file ${FILES})
    get_filename_component(name ${file} NAME)
    file(READ ${file} hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR size "${digits} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND text "static const unsigned char file_${number}[] = {${bytes}0};\n")
    string(APPEND table "    {\"${name}\", file_${number}, ${size}},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  file(WRITE ${OUTPUT} "${text}\n${table}    {NULL, NULL, 0},\n};\n")
  return()
endif()

set(NF_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(nf_embed target symbol)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  list(JOIN files "|" joined)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} "-DFILES=${joined}" -DOUTPUT=${output} -P ${NF_EMBED_SCRIPT}
    DEPENDS ${files} ${NF_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
