// The steps of a start, from a viewer's request to the first picture, each as one line of the log of the process that took it:
//
//   step NAME at NANOSECONDS ns
//
// The time is CLOCK_MONOTONIC's, which all processes of a machine share, so the lines of all of them make one table
// (bench/tune_in.cpp).
#pragma once

#include <string_view>

namespace air {

// `name`: a few words, of which no other step's name is the beginning. Any thread, after InitLog().
void NoteStep(std::string_view name);

}  // namespace air
