# hello, the demo's server, and its source as text for `dialtone demo --source`.
add_executable(hello "${CMAKE_SOURCE_DIR}/examples/hello.cpp")
dt_warnings(hello PRIVATE)
set_target_properties(hello PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/examples/hello.cpp")
file(READ "${CMAKE_SOURCE_DIR}/examples/hello.cpp" hello_text)
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/generated/hello_source.hpp" CONTENT
"// Generated from examples/hello.cpp.
#pragma once

inline constexpr const char* hello_source = R\"source(@hello_text@)source\";
" @ONLY)
target_include_directories(dialtone_cli PRIVATE "${CMAKE_BINARY_DIR}/generated")
