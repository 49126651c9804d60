# One seed in two processes with other addresses; the same check runs on the release build in tests/steps.
add_test(NAME sim.same_events COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/sim/same_events.sh" $<TARGET_FILE:sim_run> 1 2 3)
add_test(NAME sim.past_failures COMMAND sim_run --file "${CMAKE_CURRENT_SOURCE_DIR}/sim/seeds.txt")
