// Which build this is. Linked into programs alone: their parts are handed it, and another commit links no test anew.
// Any thread; text that lives as long as the program.
#pragma once

namespace air {

// Version and commit: "1.0.0 (97359fa01234)", and "1.0.0 (no git)" of sources outside a clone. For people and logs; the
// control interface has a version of its own.
const char* BuildVersion();

}  // namespace air
