// A number as a person writes it on a command line: one reader for every option of every program, so that what is no number, or
// lies outside its range, is refused in words everywhere. (CLI11 takes 010 for 8 and "nan" for a number within any range.)
#pragma once

#include <cstdint>
#include <string>

namespace air {

// For CLI11's check(): empty when `text` is a whole number from `least` to `most` in decimal digits, else the error as a sentence.
std::string WrongNumber(const std::string& text, std::int64_t least, std::int64_t most);

// The same for a number with decimals: "0.5", "2".
std::string WrongDecimal(const std::string& text, double least, double most);

}  // namespace air
