// Every command that a message of Core's, or a document, tells people to type is one that `retrovue` knows, with its
// options.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/cli/nouns/verbs.h"
#include "tests/core/cli/source_tree.h"

namespace retrovue::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

namespace fs = std::filesystem;

// The program itself, and no command of it.
const std::set<std::string> kProse = {"as", "itself", "is", "can"};
const std::set<std::string> kOfEveryCommand = {"--json", "--dry-run", "--yes", "--force",
                                               "--home", "--db",      "--now", "--help"};

// Goes over C++ and gives its texts, each with those that are put together with it: what stands between them is an X.
class Literals {
 public:
  explicit Literals(const std::string& source) : source_(source) {}

  std::vector<std::string> Take() {
    while (at_ < source_.size()) {
      if (Skip("//", "\n") || Skip("/*", "*/") || Skip("R\"(", ")\"") || SkipCharacter()) continue;
      if (source_[at_] == '"') {
        Join(Literal());
      } else {
        between_ += source_[at_++];
      }
    }
    End();
    return std::move(texts_);
  }

 private:
  bool Skip(const std::string& from, const std::string& to) {
    if (source_.compare(at_, from.size(), from) != 0) return false;
    const std::size_t end = source_.find(to, at_ + from.size());
    at_ = end == std::string::npos ? source_.size() : end + to.size();
    return true;
  }
  // 'x', but not the mark in 1'000.
  bool SkipCharacter() {
    if (source_[at_] != '\'' || (at_ > 0 && absl::ascii_isalnum(source_[at_ - 1]))) return false;
    const std::size_t end = source_.find('\'', at_ + (source_[at_ + 1] == '\\' ? 3 : 2));
    at_ = end == std::string::npos ? source_.size() : end + 1;
    return true;
  }
  std::string Literal() {
    std::string text;
    for (++at_; at_ < source_.size() && source_[at_] != '"'; ++at_) {
      if (source_[at_] == '\\') ++at_;
      text += source_[at_];
    }
    ++at_;
    return text;
  }
  void Join(const std::string& text) {
    const bool other = between_.find_first_of(";{}?") != std::string::npos ||
                       absl::StrContains(absl::StrCat(" ", between_), " : ");
    if (other) End();
    const bool value = between_.find_first_not_of(", \n") != std::string::npos;
    if (!text_.empty() && value) text_ += 'X';
    text_ += text;
    between_.clear();
  }
  void End() {
    if (!text_.empty()) texts_.push_back(text_);
    text_.clear();
  }

  const std::string& source_;
  std::size_t at_ = 0;
  std::string text_, between_;
  std::vector<std::string> texts_;
};

std::set<std::string> OptionsOf(const Verb& verb) {
  CLI::App app;
  verb.define(app);
  std::set<std::string> options = kOfEveryCommand;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) options.insert("--" + name);
  }
  return options;
}

// A word without the signs around it; whether a sentence, or a part of it, ends with it.
struct Word {
  std::string text;
  bool ends = false;
};
Word WordOf(absl::string_view written) {
  const std::size_t first = written.find_first_not_of("`(\"'");
  if (first == absl::string_view::npos) return {"", false};
  const std::size_t last = written.find_last_not_of("`.,;:)\"'|");
  if (last == absl::string_view::npos || last < first) return {"", true};
  const absl::string_view behind = written.substr(last + 1);
  return {std::string(written.substr(first, last + 1 - first)),
          behind.find_first_of("`.,;:)|") != absl::string_view::npos};
}

bool IsName(const std::string& word) {
  return !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos;
}

class Commands {
 public:
  Commands() : verbs_(AllVerbs()) {}

  // What is wrong with the commands in a text.
  std::vector<std::string> Wrong(const std::string& text) const {
    std::vector<Word> words;
    for (const absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty()))
      words.push_back(WordOf(word));
    std::vector<std::string> wrong;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i].text == "retrovue" && !words[i].ends) Check(words, i + 1, wrong);
    }
    return wrong;
  }

 private:
  const Verb* Find(const std::string& noun, const std::string& name) const {
    for (const Verb& verb : verbs_) {
      if (verb.noun == noun && verb.name == name) return &verb;
    }
    return nullptr;
  }

  void Check(const std::vector<Word>& words, std::size_t at, std::vector<std::string>& wrong) const {
    const Word noun = words[at];
    if (!IsName(noun.text) || kProse.contains(noun.text)) return;
    std::string command = noun.text;
    const Verb* verb = Find(noun.text, "");
    bool ends = noun.ends;
    if (verb == nullptr) {
      const Word name = ends || at + 1 == words.size() ? Word{} : words[++at];
      command = absl::StrCat(noun.text, " ", name.text);
      ends |= name.ends;
      verb = Find(noun.text, name.text);
      if (verb == nullptr) {
        wrong.push_back(command);
        return;
      }
    }
    const std::set<std::string> options = OptionsOf(*verb);
    while (!ends && ++at < words.size() && words[at].text != "retrovue") {
      const std::string option = words[at].text.substr(0, words[at].text.find('='));
      if (absl::StartsWith(option, "--") && option.size() > 2 && !options.contains(option))
        wrong.push_back(absl::StrCat(command, " ", option));
      ends = words[at].ends;
    }
  }

  const std::vector<Verb> verbs_;
};

std::vector<fs::path> FilesIn(const std::string& folder, const std::set<std::string>& endings) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(SourceTree() / folder)) {
    if (entry.is_regular_file() && endings.contains(entry.path().extension().string()))
      files.push_back(entry.path());
  }
  return files;
}

TEST(RecommendedCommands, AreFoundInTexts) {
  const std::string source =
      "f(absl::StrCat(\"see retrovue chanel list, or retrovue channel \"\n"
      "\"update \", slug, \" --inactive: done\")); // \"retrovue nonsense\"\n"
      "g(yes ? \"`retrovue plan add` --zone\" : \"retrovue start, which makes them\", '\"', \"retrovue "
      "asset\");";
  std::vector<std::string> wrong;
  for (const std::string& text : Literals(source).Take()) {
    for (const std::string& command : Commands().Wrong(text)) wrong.push_back(command);
  }
  EXPECT_THAT(wrong, ElementsAre("chanel list", "channel update --inactive"));
}

TEST(RecommendedCommands, OfMessagesAreThere) {
  const Commands commands;
  std::size_t texts = 0;
  for (const fs::path& file : FilesIn("core", {".cpp", ".h"})) {
    for (const std::string& text : Literals(Content(file)).Take()) {
      texts += absl::StrContains(text, "retrovue ") ? 1 : 0;
      EXPECT_THAT(commands.Wrong(text), IsEmpty()) << file << ": " << text;
    }
  }
  EXPECT_GT(texts, 50u) << "the messages were not found";
}

TEST(RecommendedCommands, OfDocumentsAreThere) {
  const Commands commands;
  std::vector<fs::path> files = FilesIn("docs", {".md"});
  files.push_back(SourceTree() / "README.md");
  for (const fs::path& file : files) {
    for (const absl::string_view line : absl::StrSplit(Content(file), '\n'))
      EXPECT_THAT(commands.Wrong(std::string(line)), IsEmpty()) << file << ": " << line;
  }
}

}  // namespace
}  // namespace retrovue::cli
