// Where the parts of the test picture lie: on a grid of 54 columns and 40 rows over the whole picture, so
// that every part scales with it, and so that the reader can find the flash patch once it has found the
// counter strip.
#pragma once

namespace air::pattern_layout {

inline constexpr int kColumns = 54;  // one for each cell of the strip and one quiet one on either side
inline constexpr int kRows = 40;

struct GridRect {
  int left, top, right, bottom;  // columns and rows; right and bottom are the first ones outside
};

inline constexpr GridRect kBars{0, 0, kColumns, 20};
inline constexpr GridRect kRamp{0, 20, kColumns, 24};
inline constexpr GridRect kTimecode{2, 25, 42, 30};
inline constexpr GridRect kCaption{2, 31, 42, 34};
inline constexpr GridRect kFlash{43, 25, 52, 33};
inline constexpr GridRect kStrip{1, 35, kColumns - 1, 39};

}  // namespace air::pattern_layout
