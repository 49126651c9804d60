# Every tests/scenario/*/*.ladder is one test: its name is the file's path.
add_executable(run_ladders "${CMAKE_CURRENT_LIST_DIR}/run_ladders.cpp")
dt_warnings(run_ladders PRIVATE)
dt_link(run_ladders PRIVATE scenario)
file(GLOB_RECURSE ladders CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}" "${CMAKE_CURRENT_LIST_DIR}/*.ladder")
foreach(ladder IN LISTS ladders)
    add_test(NAME ${ladder} COMMAND run_ladders ${ladder} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties(${ladder} PROPERTIES TIMEOUT 60)
endforeach()
