#include "core/cli/nouns/break_options.h"

#include <map>

#include "core/cli/frame/arguments.h"
#include "core/cli/nouns/verbs.h"

namespace retrovue::cli {
namespace {

constexpr const char* kInherit = "inherit";

const std::map<std::string, BreakPolicy> kPolicies = {
    {"post", BreakPolicy::kPost}, {"between", BreakPolicy::kBetween}, {"midroll", BreakPolicy::kMidroll}};

bool IsGiven(const BreakOptions& options) {
  return !options.policy.empty() || options.most || options.least_break_s || options.least_act_s ||
         options.head_s || options.tail_s;
}

void Set(const std::optional<int>& given, Millis& length) {
  if (given) length = std::chrono::seconds(*given);
}

}  // namespace

void AddBreaks(CLI::App& app, BreakOptions& options, bool inherits) {
  CLI::Option* policy =
      app.add_option("--breaks", options.policy,
                     inherits ? "where programmes are interrupted: post, between, midroll, or inherit"
                              : "where programmes are interrupted: post (not at all), between or midroll");
  policy->check(inherits ? CLI::IsMember({"post", "between", "midroll", kInherit})
                         : CLI::IsMember({"post", "between", "midroll"}));
  AddNumber(app, "--breaks-most", options.most, 0, 40,
            "breaks of one airing; 0: one for each ten minutes of its slot but the last ten");
  AddNumber(app, "--break-least-seconds", options.least_break_s, 1, 10'800,
            "what would be shorter becomes fewer breaks");
  AddNumber(app, "--act-least-seconds", options.least_act_s, 1, 10'800, "of a programme, between two breaks");
  AddNumber(app, "--break-head-seconds", options.head_s, 0, 10'800, "no break so soon");
  AddNumber(app, "--break-tail-seconds", options.tail_s, 0, 10'800, "no break so close to the end");
}

absl::Status ApplyTo(const BreakOptions& options, BreakRules& rules) {
  if (!options.policy.empty()) rules.policy = kPolicies.at(options.policy);
  if (options.most) rules.most = *options.most;
  Set(options.least_break_s, rules.least_break);
  Set(options.least_act_s, rules.least_act);
  Set(options.head_s, rules.head);
  Set(options.tail_s, rules.tail);
  return Coded("BREAKS_WRONG", ValidateBreakRules(rules));
}

absl::Status ApplyTo(const BreakOptions& options, const BreakRules& above, std::optional<BreakRules>& rules) {
  if (!IsGiven(options)) return absl::OkStatus();
  BreakOptions own = options;
  if (own.policy == kInherit) {
    rules.reset();
    own.policy.clear();
    if (IsGiven(own))
      return Refuse(
          "BREAKS_WRONG",
          "what inherits its breaks has no rules of its own: leave out --breaks inherit, or the rest");
    return absl::OkStatus();
  }
  if (!rules) rules = above;
  return ApplyTo(own, *rules);
}

Json ShapeOf(const BreakRules& rules) {
  return {{"policy", Name(rules.policy)},
          {"most", rules.most},
          {"least_break_ms", rules.least_break.count()},
          {"least_act_ms", rules.least_act.count()},
          {"head_ms", rules.head.count()},
          {"tail_ms", rules.tail.count()}};
}

Json ShapeOf(const std::optional<BreakRules>& rules) { return rules ? ShapeOf(*rules) : Json(nullptr); }

}  // namespace retrovue::cli
