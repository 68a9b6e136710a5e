#include "core/ingest/name_text.h"

#include <re2/re2.h>

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace retrovue {
namespace {

bool IsInitial(const std::string& word) { return word.size() == 1 && absl::ascii_isupper(word[0]); }

// Words that were joined by dots; initials keep theirs.
std::string DotsToSpaces(const std::string& text) {
  const std::vector<std::string> words = absl::StrSplit(text, '.');
  std::vector<std::string> out;
  for (std::size_t i = 0; i < words.size();) {
    std::size_t end = i;
    while (end < words.size() && IsInitial(words[end])) ++end;
    if (end - i >= 2) {
      out.push_back(absl::StrJoin(words.begin() + static_cast<std::ptrdiff_t>(i),
                                  words.begin() + static_cast<std::ptrdiff_t>(end), ".") +
                    ".");
      i = end;
    } else {
      out.push_back(words[i++]);
    }
  }
  return absl::StrJoin(out, " ");
}

std::string OneSpace(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (!absl::ascii_isspace(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

// Brackets that hold nothing any more.
std::string WithoutEmptyBrackets(std::string text) {
  static const RE2 empty(R"(\(\s*\)|\[\s*\]|\{\s*\})");
  RE2::GlobalReplace(&text, empty, " ");
  return text;
}

bool ClosesNothing(const std::string& text, std::size_t end) {
  const char last = text[end - 1];
  if (last != ')' && last != ']') return false;
  return text.substr(0, end - 1).find(last == ')' ? '(' : '[') == std::string::npos;
}

bool IsEdge(char c) { return absl::ascii_isspace(c) || c == '-' || c == '_' || c == ',' || c == '.'; }

}  // namespace

bool IsSceneStyle(const std::string& name) {
  return name.find(' ') == std::string::npos && name.find_first_of("._") != std::string::npos;
}

std::string CleanTitle(const std::string& text) {
  std::string clean = text;
  for (char& c : clean) {
    if (c == '_') c = ' ';
  }
  if (clean.find(' ') == std::string::npos || IsSceneStyle(text)) clean = DotsToSpaces(clean);
  clean = OneSpace(WithoutEmptyBrackets(clean));
  std::size_t begin = 0, end = clean.size();
  while (begin < end && IsEdge(clean[begin])) ++begin;
  // "S.H.I.E.L.D." and "What?..." end with a dot of their own.
  while (end > begin && (IsEdge(clean[end - 1]) || clean[end - 1] == '(' || clean[end - 1] == '[' ||
                         ClosesNothing(clean, end))) {
    const bool own_dot = clean[end - 1] == '.' && end - begin >= 3 && clean[end - 3] == '.';
    if (own_dot) break;
    --end;
  }
  return clean.substr(begin, end - begin);
}

std::string StripGroup(const std::string& text) {
  static const RE2 group(R"(^\s*\[[^\]]*\]\s*)");
  std::string rest = text;
  RE2::Replace(&rest, group, "");
  return rest.empty() ? text : rest;
}

std::string CutNoise(const std::string& text, bool scene_style) {
  static const RE2 sure(
      R"((?i)^(.*?)(?:^|[ ._\-\[({]+)(?:\d{3,4}[ip]|4k|uhd|hdtv|pdtv|sdtv|dsr|web-?dl|web-?rip|blu-?ray|bd-?rip|br-?rip|dvd-?rip|hd-?rip|dvd-?scr|xvid|divx|[xh]\.?26[45]|hevc|av1|vp9|aac|ac3|e-?ac-?3|dts|flac|10-?bit|8-?bit|hdr10?|remux|proper|repack)(?:$|[^a-zA-Z0-9]).*$)");
  static const RE2 in_scene(
      R"((?i)^(.*?)[._\-]+(?:web|dvd|bd|complete|multi|internal|limited|extended|unrated|uncut|dubbed|subbed|subs|german|french|italian|spanish|english|nordic|amzn|nf|hulu|dsnp)(?:$|[._\-].*$))");
  // A bracket with one of them goes whole: "(BD 1080p)".
  static const RE2 bracketed(
      R"((?i)^(.*?)[ ._\-]*[(\[][^)\]]*(?:\d{3,4}[ip]|blu-?ray|web-?dl|web-?rip|dvd-?rip|[xh]\.?26[45]|hevc|10-?bit)[^)\]]*[)\]].*$)");
  static const RE2 brackets(R"(^(.*?)\s*\[[^\]]*\]\s*$)");
  std::string cut = text, front;
  if (RE2::FullMatch(cut, bracketed, &front)) cut = front;
  if (RE2::FullMatch(cut, sure, &front)) cut = front;
  if (scene_style && RE2::FullMatch(cut, in_scene, &front)) cut = front;
  while (RE2::FullMatch(cut, brackets, &front)) cut = front;
  return cut;
}

}  // namespace retrovue
