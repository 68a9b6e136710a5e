// The parts of nouns that are stored as JSON: those that no query asks for.
//
// Texts inside are encoded (text_codec.h). Reading throws StoreError with DATA_LOSS for what writing does not make.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/as_run.h"
#include "core/model/cursor.h"
#include "core/model/plan.h"
#include "core/model/program.h"
#include "core/model/schedule_day.h"

namespace retrovue::json {

std::string Write(const std::vector<EnricherUse>& enrichers);
std::string Write(const std::vector<PathMapping>& mappings);
std::string Write(const std::vector<int>& numbers);
std::string Write(const std::vector<std::string>& texts);
std::string Write(const DateRule& rule);
std::string Write(const std::vector<ChainNode>& chain);
std::string Write(const Cursor& cursor);
std::string Write(const Cursors& cursors);
std::string Write(const std::vector<ScheduleNotice>& notices);
std::string Write(const PadFrames& pad);
std::string Write(const std::vector<Break>& breaks);
std::string Write(const BreakRules& rules);
std::string Write(const std::optional<BreakRules>& rules);  // empty: none of its own

void Read(const std::string& text, std::vector<EnricherUse>& enrichers);
void Read(const std::string& text, std::vector<PathMapping>& mappings);
void Read(const std::string& text, std::vector<int>& numbers);
void Read(const std::string& text, std::vector<std::string>& texts);
void Read(const std::string& text, DateRule& rule);
void Read(const std::string& text, std::vector<ChainNode>& chain);
void Read(const std::string& text, Cursor& cursor);
void Read(const std::string& text, Cursors& cursors);
void Read(const std::string& text, std::vector<ScheduleNotice>& notices);
void Read(const std::string& text, PadFrames& pad);
void Read(const std::string& text, std::vector<Break>& breaks);
void Read(const std::string& text, BreakRules& rules);  // an empty text leaves them as they are
void Read(const std::string& text, std::optional<BreakRules>& rules);

// The steps of one item of a day. A shuffle's bag may be long, and every item has it twice: what the item before has left
// (`running`, empty before the first item) is not written again, and of a bag that has grown only what came in.
std::string Write(const std::vector<CursorStep>& steps, Cursors& running);
void Read(const std::string& text, std::vector<CursorStep>& steps, Cursors& running);

template <typename Noun>
std::string Write(const std::vector<Id<Noun>>& ids) {
  std::vector<std::string> texts;
  for (const Id<Noun>& id : ids) texts.push_back(id.text);
  return Write(texts);
}

template <typename Noun>
void Read(const std::string& text, std::vector<Id<Noun>>& ids) {
  std::vector<std::string> texts;
  Read(text, texts);
  ids.clear();
  for (std::string& id : texts) ids.push_back({std::move(id)});
}

}  // namespace retrovue::json
