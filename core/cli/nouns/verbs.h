// The verbs of each noun, and all of them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/cli/frame/verb.h"

namespace retrovue::cli {

std::vector<Verb> SourceVerbs();
std::vector<Verb> CollectionVerbs();
std::vector<Verb> AssetVerbs();
std::vector<Verb> ChannelVerbs();
std::vector<Verb> PlanVerbs();
std::vector<Verb> ZoneVerbs();
std::vector<Verb> ProgramVerbs();
std::vector<Verb> ScheduleDayVerbs();
std::vector<Verb> PlaylogEventVerbs();
std::vector<Verb> EpgVerbs();
std::vector<Verb> AsRunVerbs();
std::vector<Verb> NetworkVerbs();  // start, stop
std::vector<Verb> DemoVerbs();
std::vector<Verb> DoctorVerbs();
std::vector<Verb> DbVerbs();

std::vector<Noun> AllNouns();
std::vector<Verb> AllVerbs();

// A verb with options of a kind of its own: `add` gives them to the command, `run` gets what was read.
template <typename Options, typename AddOptions, typename RunIt>
Verb MakeVerb(std::string noun, std::string name, std::string help, AddOptions add, RunIt run) {
  Verb verb{std::move(noun), std::move(name), std::move(help), nullptr};
  verb.define = [add, run](CLI::App& app) -> Run {
    auto options = std::make_shared<Options>();
    add(app, *options);
    return [options, run](Context& context) { return run(context, *options); };
  };
  return verb;
}

// What a command answers when the operator did not want it after all.
inline Answer Cancelled() { return {.says = {"Cancelled: nothing was changed."}}; }

}  // namespace retrovue::cli
