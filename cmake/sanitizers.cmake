# -fsanitize= for the whole build, from DIALTONE_SANITIZE.
if(DIALTONE_SANITIZE)
    add_compile_options(-fsanitize=${DIALTONE_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${DIALTONE_SANITIZE})
endif()
