#include "core/cli/frame/verb.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/one_line.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/frame/output.h"

namespace retrovue::cli {
namespace {

constexpr const char* kProgram = "retrovue";
constexpr const char* kWhat =
    "Runs a television network: what there is, what airs when, and the channels themselves.";
constexpr const char* kFooter =
    "Exit status: 0 done, 1 refused or failed, 2 partly done, 3 something outside cannot be reached.";
constexpr std::size_t kFarthest = 2;  // letters that may be wrong in a word for something to be offered

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_flag("--json", globals.json, "print JSON");
  app.add_flag("--dry-run", globals.dry_run, "do it all, but for the writing");
  app.add_flag("--yes,--force", globals.yes, "do not ask");
  app.add_option("--home", globals.home, "the network's folder (RETROVUE_HOME)")->type_name("DIR");
  app.add_option("--db", globals.db, "sqlite:PATH or postgresql://… (RETROVUE_DB)")->type_name("URL");
  AddNow(app, "--now", globals.now, "for tests: what the network's clock shows");
}

// Whether `word` is an option of every command, and the next word its value.
enum class GlobalWord { kNone, kFlag, kWithValue };
GlobalWord GlobalWordOf(const std::string& word) {
  for (const char* flag : {"--json", "--dry-run", "--yes", "--force", "--help", "-h"}) {
    if (word == flag) return GlobalWord::kFlag;
  }
  for (const char* option : {"--home", "--db", "--now"}) {
    if (word == option) return GlobalWord::kWithValue;
    if (absl::StartsWith(word, absl::StrCat(option, "="))) return GlobalWord::kFlag;
  }
  return GlobalWord::kNone;
}

// Takes the first word that is no option out of `words`; empty if there is none in front of the options of a command.
std::string TakeWord(std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const GlobalWord global = GlobalWordOf(words[i]);
    if (global == GlobalWord::kWithValue) ++i;
    if (global != GlobalWord::kNone) continue;
    if (absl::StartsWith(words[i], "-")) return "";
    const std::string word = words[i];
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
    return word;
  }
  return "";
}

// How many letters have to be put in, taken out or changed (Levenshtein).
std::size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// " (did you mean --channel?)", where one of `names` is spelled nearly so.
std::string DidYouMean(const std::string& word, const std::vector<std::string>& names) {
  const std::string* best = nullptr;
  std::size_t least = kFarthest + 1;
  for (const std::string& name : names) {
    if (const std::size_t distance = Distance(word, name); distance < least) {
      least = distance;
      best = &name;
    }
  }
  return best == nullptr ? "" : absl::StrCat(" (did you mean ", *best, "?)");
}

std::string See(const std::string& command) { return absl::StrCat(": see ", command, " --help"); }

// "  channel    The channels", a line each, under a title.
std::string HelpOf(const std::string& command, const std::string& what,
                   const std::vector<std::pair<std::string, std::string>>& lines) {
  std::size_t width = 0;
  for (const auto& [name, help] : lines) width = std::max(width, name.size());
  std::string text = absl::StrCat(what, "\nUsage: ", command, " COMMAND [OPTIONS]\n\nCommands:\n");
  for (const auto& [name, help] : lines)
    absl::StrAppendFormat(&text, "  %-*s  %s\n", static_cast<int>(width), name, help);
  absl::StrAppend(&text, "\n", command, " COMMAND --help says what it takes.\n", kFooter, "\n");
  return text;
}

// What the words at the front name: a command, or help on the way to one.
struct Named {
  const Verb* verb = nullptr;
  std::string command;  // "retrovue channel add"
  std::string help;     // not empty: is printed, and that is all
};

absl::StatusOr<Named> FindVerb(const std::vector<Noun>& nouns, const std::vector<Verb>& verbs,
                               bool wants_help, std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> lines;
  std::vector<std::string> names;
  for (const Noun& noun : nouns) {
    lines.emplace_back(noun.name, noun.help);
    names.push_back(noun.name);
  }
  // Without a command: help, what is unknown, or nothing at all.
  const auto without = [&](const std::string& command, const std::string& what) -> absl::StatusOr<Named> {
    if (wants_help) return Named{.help = HelpOf(command, what, lines)};
    for (std::size_t i = 0; i < words.size(); ++i) {
      const GlobalWord global = GlobalWordOf(words[i]);
      if (global == GlobalWord::kWithValue) ++i;
      if (global == GlobalWord::kNone)
        return Refuse("UNKNOWN_ARGUMENT",
                      absl::StrCat("\"", words[i], "\" is not expected here", See(command)));
    }
    return Refuse("COMMAND_MISSING", absl::StrCat("say what to do", See(command)));
  };

  const std::string noun_name = TakeWord(words);
  if (noun_name.empty()) return without(kProgram, kWhat);
  const auto noun =
      std::find_if(nouns.begin(), nouns.end(), [&](const Noun& n) { return n.name == noun_name; });
  if (noun == nouns.end()) {
    return Refuse("UNKNOWN_COMMAND", absl::StrCat("there is no command \"", noun_name, "\"",
                                                  DidYouMean(noun_name, names), See(kProgram)));
  }
  lines.clear();
  names.clear();
  Named named{.command = absl::StrCat(kProgram, " ", noun->name)};
  for (const Verb& verb : verbs) {
    if (verb.noun != noun->name) continue;
    if (verb.name.empty()) named.verb = &verb;
    lines.emplace_back(verb.name, verb.help);
    names.push_back(verb.name);
  }
  if (named.verb != nullptr) return named;

  const std::string verb_name = TakeWord(words);
  if (verb_name.empty()) return without(named.command, noun->help);
  for (const Verb& verb : verbs) {
    if (verb.noun == noun->name && verb.name == verb_name) named.verb = &verb;
  }
  if (named.verb == nullptr) {
    return Refuse("UNKNOWN_COMMAND", absl::StrCat("there is no command \"", noun->name, " ", verb_name, "\"",
                                                  DidYouMean(verb_name, names), See(named.command)));
  }
  absl::StrAppend(&named.command, " ", verb_name);
  return named;
}

absl::Status WrongUse(const CLI::App& app, const CLI::ParseError& error) {
  const std::string help = See(app.get_name());
  const std::string name = error.get_name();
  const std::vector<std::string> left = app.remaining(true);
  const bool is_missing = name == "RequiredError";
  // An option that is spelled wrongly is missing, too: the spelling is what helps.
  if (left.empty() || (!is_missing && name != "ExtrasError")) {
    return Refuse(is_missing ? "MISSING_ARGUMENT" : "INVALID_ARGUMENT", absl::StrCat(error.what(), help));
  }
  std::vector<std::string> options;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& long_name : option->get_lnames()) options.push_back("--" + long_name);
  }
  return Refuse("UNKNOWN_ARGUMENT", absl::StrCat("\"", left.front(), "\" is not expected here",
                                                 DidYouMean(left.front(), options), help));
}

// Text that cannot be shown, or stored and found again.
absl::Status CheckText(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (air::IsOneLine(word)) continue;
    return Refuse("INVALID_TEXT",
                  absl::StrCat("the argument \"", air::OneLine(word, 40),
                               "\" holds control characters, or is not UTF-8: write it without them"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> RunVerb(const Named& named, std::vector<std::string> words, Manner& manner) {
  CLI::App app(named.verb->help, named.command);
  app.footer(kFooter);
  Globals globals;
  const Run run = named.verb->define(app);
  AddGlobals(app, globals);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    app.parse(words);
  } catch (const CLI::Success&) {  // --help
    return Answer{.raw = app.help()};
  } catch (const CLI::ParseError& error) {
    return WrongUse(app, error);
  }
  manner.dry_run = globals.dry_run;
  const absl::StatusOr<std::unique_ptr<Context>> context = Context::Make(globals);
  if (!context.ok()) return context.status();
  return run(**context);
}

}  // namespace

int RunProgram(int argc, const char* const* argv, const std::vector<Noun>& nouns,
               const std::vector<Verb>& verbs) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto has = [&words](const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  const bool wants_help = has("--help") || has("-h");
  // Errors in arguments are in JSON too, wherever --json stands.
  Manner manner{.json = has("--json")};
  absl::StatusOr<Answer> answer = Answer();
  if (absl::Status text = CheckText(words); !text.ok()) {
    answer = text;
  } else if (absl::StatusOr<Named> named = FindVerb(nouns, verbs, wants_help, words); !named.ok()) {
    answer = named.status();
  } else {
    answer = named->help.empty() ? RunVerb(*named, words, manner) : Answer{.raw = named->help};
  }
  if (!answer.ok()) {
    Write(Print(answer.status(), manner));
    return static_cast<int>(ExitOf(answer.status()));
  }
  Write(Print(*answer, manner));
  return static_cast<int>(answer->exit);
}

}  // namespace retrovue::cli
