// What holds for every command of the table.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "core/cli/nouns/verbs.h"
#include "tests/core/cli/program/program.h"

namespace retrovue::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::vector<std::string> WordsOf(const Verb& verb) {
  std::vector<std::string> words = {verb.noun};
  if (!verb.name.empty()) words.push_back(verb.name);
  return words;
}

TEST(EveryVerb, AnswersHelp) {
  const TemporaryHome home;
  for (const Verb& verb : AllVerbs()) {
    std::vector<std::string> arguments = WordsOf(verb);
    arguments.push_back("--help");
    const Ran ran = home.Run(arguments);
    EXPECT_EQ(ran.status, 0) << verb.noun << " " << verb.name;
    EXPECT_THAT(ran.out, HasSubstr(verb.help)) << verb.noun << " " << verb.name;
    EXPECT_THAT(ran.out, HasSubstr("--help"));
    EXPECT_EQ(ran.err, "");
  }
}

TEST(EveryVerb, RefusesWhatItDoesNotKnowAsJson) {
  const TemporaryHome home;
  for (const Verb& verb : AllVerbs()) {
    std::vector<std::string> arguments = WordsOf(verb);
    arguments.push_back("--no-such-option");
    const Json error = home.Refused(arguments);
    EXPECT_THAT(error.value("code", ""), MatchesRegex("[A-Z][A-Z_]+")) << verb.noun << " " << verb.name;
    EXPECT_THAT(error.value("message", ""), HasSubstr("--help")) << verb.noun << " " << verb.name;
  }
}

TEST(EveryNoun, StandsInTheHelp) {
  const TemporaryHome home;
  const Ran ran = home.Run({"--help"});
  EXPECT_EQ(ran.status, 0);
  for (const Noun& noun : AllNouns()) EXPECT_THAT(ran.out, HasSubstr("\n  " + noun.name)) << noun.name;
}

TEST(CommandLine, SaysWhatIsMissing) {
  const TemporaryHome home;
  EXPECT_EQ(home.Refused({}).value("code", ""), "COMMAND_MISSING");
  EXPECT_EQ(home.Refused({"channel"}).value("code", ""), "COMMAND_MISSING");
  const Json option = home.Refused({"plan", "add", "--channel", "one"});
  EXPECT_EQ(option.value("code", ""), "MISSING_ARGUMENT");
  EXPECT_THAT(option.value("message", ""), HasSubstr("--name"));
}

TEST(CommandLine, OffersWhatIsSpelledNearlySo) {
  const TemporaryHome home;
  EXPECT_THAT(home.Refused({"chanel", "list"}).value("message", ""), HasSubstr("did you mean channel?"));
  EXPECT_THAT(home.Refused({"channel", "lst"}).value("message", ""), HasSubstr("did you mean list?"));
  EXPECT_THAT(home.Refused({"plan", "list", "--chanel", "one"}).value("message", ""),
              HasSubstr("did you mean --channel?"));
}

TEST(CommandLine, SaysErrorsInWordsOnTheErrorOutputWithoutJson) {
  const TemporaryHome home;
  const Ran ran = home.Run({"channel", "show", "nowhere"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("there is no channel \"nowhere\""));
  EXPECT_THAT(ran.err, HasSubstr("[CHANNEL_NOT_FOUND]"));
}

TEST(CommandLine, CannotBeReachedIsThree) {
  const TemporaryHome home;
  const Ran ran = home.Run({"channel", "list", "--json", "--db", "postgresql://nobody@127.0.0.1:1/none"});
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
}

}  // namespace
}  // namespace retrovue::cli
