// What people and release groups do to titles, undone.
#pragma once

#include <string>

namespace retrovue {

// Words are joined by dots or underscores, without a space: "Show.Name.S01E01.1080p".
bool IsSceneStyle(const std::string& name);

// Spaces for dots and underscores where they stand for spaces, nothing but the title's own at its ends. Abbreviations keep
// their dots: "Agents.of.S.H.I.E.L.D." gives "Agents of S.H.I.E.L.D.".
std::string CleanTitle(const std::string& text);

// Without a group's mark in front: "[Group] Show" gives "Show".
std::string StripGroup(const std::string& text);

// What comes before the first word about how it was made: "The.End.1080p.x264" gives "The.End". `scene_style`: words that
// may be a title's own, such as "web", count, too.
std::string CutNoise(const std::string& text, bool scene_style);

}  // namespace retrovue
