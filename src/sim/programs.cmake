# sim_run: runs seeds of the swarm, shows one, makes a failing one smaller.
dt_program(sim_run "${CMAKE_SOURCE_DIR}/src/sim/programs/sim_run.cpp" sim)
