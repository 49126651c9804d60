# Warnings of every target; errors where DIALTONE_WERROR is on (CI).
# -Wrestrict of g++ 12 is wrong about std::string + (GCC bug 105329); -Wmaybe-uninitialized is about
# std::optional under sanitizers (GCC bug 80635), so it stays a warning.
function(dt_warnings target scope)
    target_compile_options(${target} ${scope}
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum -Wnon-virtual-dtor
        -Wold-style-cast -Woverloaded-virtual -Wnull-dereference -Wformat=2
        $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wno-null-dereference -Wno-restrict>
        $<$<BOOL:${DIALTONE_WERROR}>:-Werror>
        $<$<AND:$<BOOL:${DIALTONE_WERROR}>,$<CXX_COMPILER_ID:GNU>>:-Wno-error=maybe-uninitialized>)
endfunction()
