#include "core/cli/frame/verb.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/one_line.h"
#include "core/cli/frame/arguments.h"
#include "core/cli/frame/output.h"
#include "core/model/text.h"

namespace retrovue::cli {
namespace {

constexpr const char* kFooter =
    "Exit status: 0 done, 1 refused or failed, 2 partly done, 3 something outside cannot be reached.";

// The commands as CLI11 knows them, and what each of them runs.
struct Grammar {
  CLI::App app{"Runs a television network: what there is, what airs when, and the channels themselves.",
               "retrovue"};
  Globals globals;
  std::map<const CLI::App*, Run> runs;
};

void AddGlobals(Grammar& grammar) {
  CLI::App& app = grammar.app;
  app.add_flag("--json", grammar.globals.json, "print JSON");
  app.add_flag("--dry-run", grammar.globals.dry_run, "do it all, but for the writing");
  app.add_flag("--yes,--force", grammar.globals.yes, "do not ask");
  app.add_option("--home", grammar.globals.home, "the network's folder (RETROVUE_HOME)")->type_name("DIR");
  app.add_option("--db", grammar.globals.db, "sqlite:PATH or postgresql://… (RETROVUE_DB)")->type_name("URL");
  AddTime(app, "--now", grammar.globals.now, "for tests: what the network's clock shows");
}

void AddVerbs(Grammar& grammar, const std::vector<Noun>& nouns, const std::vector<Verb>& verbs) {
  grammar.app.footer(kFooter);
  grammar.app.fallthrough();
  grammar.app.require_subcommand(1);
  std::map<std::string, CLI::App*> noun_apps;
  for (const Noun& noun : nouns) {
    CLI::App* app = grammar.app.add_subcommand(noun.name, noun.help);
    app->fallthrough();
    noun_apps[noun.name] = app;
  }
  for (const Verb& verb : verbs) {
    CLI::App* noun = noun_apps.at(verb.noun);
    CLI::App* app = noun;
    if (!verb.name.empty()) {
      noun->require_subcommand(1);
      app = noun->add_subcommand(verb.name, verb.help);
      app->fallthrough();
    }
    app->footer(kFooter);
    grammar.runs[app] = verb.define(*app);
  }
}

// The command that was named, as far as it was.
const CLI::App* Named(const CLI::App& app) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  return deepest;
}

std::string NameOf(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) names.insert(names.begin(), app->get_name());
  return absl::StrJoin(names, " ");
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

// " (did you mean --channel?)", where something of the command is spelled nearly so.
std::string DidYouMean(const CLI::App* app, const std::string& word) {
  std::string best;
  std::size_t least = 3;
  const auto offer = [&](const std::string& name) {
    if (const std::size_t distance = Distance(word, name); distance < least) {
      least = distance;
      best = name;
    }
  };
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; }))
    offer(sub->get_name());
  for (const CLI::App* in = app; in != nullptr; in = in->get_parent()) {
    for (const CLI::Option* option : in->get_options()) {
      for (const std::string& name : option->get_lnames()) offer("--" + name);
    }
  }
  return best.empty() ? "" : absl::StrCat(" (did you mean ", best, "?)");
}

absl::Status WrongUse(const Grammar& grammar, const CLI::ParseError& error) {
  const CLI::App* app = Named(grammar.app);
  const std::string help = absl::StrCat(": see ", NameOf(app), " --help");
  const std::string name = error.get_name();
  if (name == "ExtrasError") {
    std::vector<std::string> words = grammar.app.remaining(true);
    const std::string word = words.empty() ? "" : words.front();
    return Refuse("UNKNOWN_ARGUMENT",
                  absl::StrCat("\"", word, "\" is not expected here", DidYouMean(app, word), help));
  }
  if (name == "RequiredError") {
    if (!app->get_subcommands([](const CLI::App*) { return true; }).empty()) {
      // CLI11 meets a word it does not know before it misses one.
      std::vector<std::string> words = grammar.app.remaining(true);
      if (words.empty()) return Refuse("COMMAND_MISSING", absl::StrCat("say what to do", help));
      return Refuse("UNKNOWN_COMMAND", absl::StrCat("there is no command \"", words.front(), "\"",
                                                    DidYouMean(app, words.front()), help));
    }
    return Refuse("MISSING_ARGUMENT", absl::StrCat(error.what(), help));
  }
  return Refuse("INVALID_ARGUMENT", absl::StrCat(error.what(), help));
}

// Text that cannot be shown, or stored and found again.
absl::Status CheckText(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    if (air::IsOneLine(argv[i])) continue;
    return Refuse("INVALID_TEXT",
                  absl::StrCat("argument ", i, " (\"", air::OneLine(argv[i], 40),
                               "\") holds control characters, or is not UTF-8: write it without them"));
  }
  return absl::OkStatus();
}

}  // namespace

int RunProgram(int argc, const char* const* argv, const std::vector<Noun>& nouns,
               const std::vector<Verb>& verbs) {
  Grammar grammar;
  AddGlobals(grammar);
  AddVerbs(grammar, nouns, verbs);
  // Errors in arguments are in JSON too, wherever --json stands.
  Manner manner;
  manner.json = std::any_of(argv + std::min(argc, 1), argv + argc,
                            [](const char* argument) { return std::string(argument) == "--json"; });
  const auto fail = [&manner](const absl::Status& error) {
    Write(Print(error, manner));
    return static_cast<int>(ExitOf(error));
  };
  if (absl::Status text = CheckText(argc, argv); !text.ok()) return fail(text);
  try {
    grammar.app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help
    return grammar.app.exit(asked);
  } catch (const CLI::ParseError& error) {
    return fail(WrongUse(grammar, error));
  }
  manner.dry_run = grammar.globals.dry_run;
  absl::StatusOr<std::unique_ptr<Context>> context = Context::Make(grammar.globals);
  if (!context.ok()) return fail(context.status());
  const absl::StatusOr<Answer> answer = grammar.runs.at(Named(grammar.app))(**context);
  if (!answer.ok()) return fail(answer.status());
  Write(Print(*answer, manner));
  return static_cast<int>(answer->exit);
}

}  // namespace retrovue::cli
