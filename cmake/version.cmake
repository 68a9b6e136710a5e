# Run at each build: writes OUT, the one file that says which build this is, and leaves it alone when nothing has changed.
#   cmake -DROOT=... -DVERSION=1.0.0 -DIN=base/version.cpp.in -DOUT=... -P version.cmake
cmake_path(GET ROOT PARENT_PATH above)
set(ENV{GIT_CEILING_DIRECTORIES} ${above})  # sources unpacked inside another clone do not belong to that clone
unset(ENV{GIT_DIR})                         # nor of the one in whose hook we are built
find_program(GIT git)
set(COMMIT "")
if(GIT)
  # Also of a clone that belongs to another account than the one that builds.
  execute_process(COMMAND ${GIT} -C ${ROOT} -c safe.directory=* rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(COMMIT STREQUAL "")
  set(COMMIT "no git")  # a source archive
endif()
configure_file(${IN} ${OUT} @ONLY)  # writes only what differs
