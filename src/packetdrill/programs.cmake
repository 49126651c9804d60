# libdialtone-packetdrill.so: every layer below compiled once more, as a shared object that a program
# without sanitizers can load and preload, whatever the flags of the rest of the build are.
set(layers base wire event buf tcp udp ip core sock stack packetdrill)
set(plugin_sources "")
foreach(layer IN LISTS layers)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${layer}/*.cpp")
    list(APPEND plugin_sources ${found})
endforeach()
list(FILTER plugin_sources EXCLUDE REGEX "(_test|/pretty|/main)\\.cpp$")
add_library(packetdrill-plugin SHARED ${plugin_sources} "${dir}/programs/entry.cpp")
dt_warnings(packetdrill-plugin PRIVATE)
target_include_directories(packetdrill-plugin PRIVATE "${CMAKE_SOURCE_DIR}/src")
set(DIALTONE_PLUGIN_OPTIMIZE "-O2" CACHE STRING "optimisation of libdialtone-packetdrill.so")
target_compile_options(packetdrill-plugin PRIVATE ${DIALTONE_PLUGIN_OPTIMIZE} -g0 -fno-sanitize=all
                       -fvisibility=hidden)
target_link_options(packetdrill-plugin PRIVATE -fno-sanitize=all -Wl,-Bsymbolic)
dt_link(packetdrill-plugin PRIVATE threads)
set_target_properties(packetdrill-plugin PROPERTIES OUTPUT_NAME dialtone-packetdrill
                      LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
if(TARGET packetdrill_test)
    add_dependencies(packetdrill_test packetdrill-plugin)
    target_compile_definitions(packetdrill_test PRIVATE
        DIALTONE_PLUGIN="$<TARGET_FILE:packetdrill-plugin>")
    target_link_libraries(packetdrill_test PRIVATE ${CMAKE_DL_LIBS})
endif()
