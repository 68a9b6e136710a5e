// The guide before judges that are not ours: xmllint with the DTD of XMLTV, and XMLTV's own validator, which knows rules
// that no DTD can say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/guide/xmltv.h"
#include "tests/core/guide/guides.h"

namespace retrovue {
namespace {

constexpr const char* kDtd = "/usr/share/xmltv/xmltv.dtd";

struct Verdict {
  int status = -1;
  std::string said;
};

Verdict Said(const std::string& command) {
  Verdict verdict;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return verdict;
  std::array<char, 4096> some;
  while (const std::size_t n = fread(some.data(), 1, some.size(), pipe)) verdict.said.append(some.data(), n);
  const int ended = pclose(pipe);
  verdict.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  return verdict;
}

class XmltvBeforeOthers : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/xmltv-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    ASSERT_TRUE(std::filesystem::exists(kDtd)) << "install xmltv-util: scripts/install-packages";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string FileWith(const std::string& text) const {
    const std::string path = folder_ + "/guide.xml";
    std::ofstream(path) << text;
    return path;
  }
  Verdict Lint(const std::string& text) const {
    return Said(absl::StrCat("xmllint --nonet --noout --dtdvalid ", kDtd, " ", FileWith(text)));
  }
  Verdict Validate(const std::string& text) const {
    return Said(absl::StrCat("tv_validate_file --dtd-file ", kDtd, " ", FileWith(text)));
  }

 private:
  std::string folder_;
};

// Three channels with all there is, hostile texts as titles, and one that is off air.
std::string GuideOfANetwork() {
  const Instant from = At("2026-06-10T18:00:00Z");
  std::vector<Channel> channels = {MakeChannel("retro", "Retro & \"One\"", 5),
                                   MakeChannel("films", "24 Films", 6), MakeChannel("off-air", "Off")};
  channels[0].logo_path = "/retro.png";
  std::vector<EpgGeneration> guides(3);
  Instant end = from;
  const auto add = [&](int channel, GuideEntry entry) {
    entry.start = end;
    entry.stop = end += Min(90);
    guides[channel].entries.push_back(std::move(entry));
  };
  for (const HostileText& hostile : HostileTexts()) {
    add(0, {"", {}, {}, {}, hostile.text, hostile.text + "s", 1, 2});
    add(0, {"", {}, {}, {}, "special", "Retro Show", 0, 2});
  }
  end = from;
  for (const HostileText& hostile : HostileTexts()) add(1, {"", {}, {}, {}, hostile.text, "", {}, {}});
  Editorial editorial;
  const DetailsOf details = [&](const GuideEntry& entry) {
    editorial = {};
    editorial.synopsis = entry.title;
    editorial.genre = "Horror, News/" + entry.title;
    editorial.year = 1979;
    if (!entry.series.empty()) editorial.air_date = absl::CivilDay(1979, 5, 25);
    editorial.rating = entry.series.empty() ? "PG-13" : "TV-PG";
    return &editorial;
  };
  return WriteXmltv({{&channels[0], &guides[0]}, {&channels[1], &guides[1]}, {&channels[2], &guides[2]}},
                    from, from + Min(48 * 60), TestSite(), details);
}

TEST_F(XmltvBeforeOthers, IsValidByItsDtd) {
  const Verdict verdict = Lint(GuideOfANetwork());
  EXPECT_EQ(verdict.status, 0) << verdict.said;
}

TEST_F(XmltvBeforeOthers, IsValidToXmltvItself) {
  const Verdict verdict = Validate(GuideOfANetwork());
  EXPECT_EQ(verdict.status, 0) << verdict.said;
}

TEST_F(XmltvBeforeOthers, TheJudgesDoJudge) {
  std::string text = GuideOfANetwork();
  const std::size_t at = text.find("    <title>");
  ASSERT_NE(at, text.npos);
  text.insert(at, "    <category>too early</category>\n");
  EXPECT_NE(Lint(text).status, 0);
  EXPECT_NE(Validate(text).status, 0);
}

}  // namespace
}  // namespace retrovue
