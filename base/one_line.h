// OneLine: text that an untrusted process or file has written, made safe to show and to keep.
//
// Decoder errors, names of files and titles of assets may hold anything: half a character, line feeds, escape
// sequences for a terminal, megabytes. proto3 refuses to parse a string that is not UTF-8, so one such text can make
// a session record or a file of evidence unreadable; a line feed forges a line of the log. Each text passes through
// here once, where it enters the supervisor or leaves a program for a person.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace air {

// Of what a stage says, in bytes.
inline constexpr size_t kLongestText = 500;

// Valid UTF-8 (RFC 3629) of at most `most_bytes` bytes, cut between two characters. Each control character (C0, DEL, C1, the line
// and paragraph separators, and those that turn the direction of writing) becomes a space, each byte that is not
// UTF-8 becomes U+FFFD. A text that is safe already comes back unchanged. Any thread.
std::string OneLine(std::string_view text, size_t most_bytes = kLongestText);

// Whether OneLine(text) would change nothing but the length. Any thread.
bool IsOneLine(std::string_view text);

}  // namespace air
