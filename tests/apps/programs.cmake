# Programs in C that the checks of tests/apps start: built here too, so that a mistake in one is found by the build.
enable_language(C)
add_executable(storm "${CMAKE_CURRENT_SOURCE_DIR}/apps/programs/storm.c")
target_compile_options(storm PRIVATE -Wall -Wextra)
