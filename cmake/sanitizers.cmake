# -fsanitize= for the whole build, from DIALTONE_SANITIZE, with the checks of the standard library's containers; libFuzzer's coverage where DIALTONE_FUZZ is on.
if(DIALTONE_SANITIZE)
    add_compile_options(-fsanitize=${DIALTONE_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${DIALTONE_SANITIZE})
    add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
if(DIALTONE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
