// How much of an exhaustive test is done where the sanitizers make each step ten times as dear.
#pragma once

namespace air {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// The step through a space of cases: 1, so all of them; under a sanitizer `n`. Start at another place in each row, so that the
// steps cover the space evenly.
constexpr int EveryNthIfSanitized(int n) { return kSanitized ? n : 1; }

}  // namespace air
