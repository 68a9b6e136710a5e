// Where the programs of one build find each other.
#pragma once

#include <string>

namespace air {

// The path of the program called `name` in the folder of the running one, whether built or installed. Whether it is there is
// not looked at. Any thread.
std::string ProgramBeside(const std::string& name);

}  // namespace air
