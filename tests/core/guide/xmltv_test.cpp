#include "core/guide/xmltv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "tests/core/guide/guides.h"

namespace retrovue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kFrom = "2026-06-10T18:00:00Z";
constexpr const char* kTo = "2026-06-11T18:00:00Z";

// The document of one channel, read back.
class Document {
 public:
  explicit Document(std::vector<GuideEntry> entries, const DetailsOf& details = {},
                    Channel channel = MakeChannel("retro", "Retro One", 5))
      : channel_(std::move(channel)), guide_(GuideWith(channel_, std::move(entries))) {
    text_ = WriteXmltv({{&channel_, &guide_}}, At(kFrom), At(kTo), TestSite(), details);
    const pugi::xml_parse_result result = document_.load_string(text_.c_str());
    EXPECT_TRUE(result) << result.description() << "\n" << text_;
  }
  const std::string& text() const { return text_; }
  pugi::xml_node tv() const { return document_.child("tv"); }
  pugi::xml_node programme() const { return tv().child("programme"); }

  // "start-stop title"
  std::vector<std::string> Programmes() const {
    std::vector<std::string> lines;
    for (const pugi::xml_node p : tv().children("programme"))
      lines.push_back(absl::StrCat(p.attribute("start").value(), "-", p.attribute("stop").value(), " ",
                                   p.child_value("title")));
    return lines;
  }
  // "name=text" of what stands in the programme
  std::vector<std::string> Elements() const {
    std::vector<std::string> lines;
    for (const pugi::xml_node e : programme().children()) {
      std::string name = e.name();
      for (const pugi::xml_attribute a : e.attributes())
        absl::StrAppend(&name, " ", a.name(), ":", a.value());
      lines.push_back(absl::StrCat(name, "=", e.child("value") ? e.child_value("value") : e.child_value()));
    }
    return lines;
  }

 private:
  Channel channel_;
  EpgGeneration guide_;
  std::string text_;
  pugi::xml_document document_;
};

GuideEntry OneHour(const std::string& title, const std::string& series = "",
                   std::optional<int> season = std::nullopt, std::optional<int> episode = std::nullopt) {
  return Entry(kFrom, "2026-06-10T19:00:00Z", title, series, season, episode);
}

std::vector<std::string> ElementsOf(const GuideEntry& entry, const Editorial& editorial) {
  return Document({entry}, [&](const GuideEntry&) { return &editorial; }).Elements();
}

TEST(Xmltv, OfAChannelAndItsProgrammes) {
  EXPECT_EQ(Document({OneHour("Pilot", "Retro Show", 2, 5)}).text(),
            R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd">
<tv generator-info-name="RetroVue">
  <channel id="retro.0a1b2c3d.air">
    <display-name>5 Retro One</display-name>
    <display-name>5</display-name>
    <display-name>Retro One</display-name>
  </channel>
  <programme start="20260610180000 +0000" stop="20260610190000 +0000" channel="retro.0a1b2c3d.air">
    <title>Retro Show</title>
    <sub-title>Pilot</sub-title>
    <category>Series</category>
    <episode-num system="xmltv_ns">1.4.</episode-num>
    <episode-num system="onscreen">S02E05</episode-num>
  </programme>
</tv>
)");
}

TEST(Xmltv, OfAChannelWithoutANumberHasItsNameAlone) {
  Channel channel = MakeChannel("retro", "Retro One");
  channel.logo_path = "/a.png";
  const Document document({}, {}, channel);
  std::vector<std::string> children;
  for (const pugi::xml_node e : document.tv().child("channel").children())
    children.push_back(absl::StrCat(e.name(), "=", e.child_value(), e.attribute("src").value()));
  EXPECT_THAT(children, ElementsAre("display-name=Retro One", "icon=http://tv.local:8080/logo/retro.png"));
}

TEST(Xmltv, WritesTheProgrammeThatIsOnWholeAndNoneThatIsOver) {
  const Document document({Entry("2026-06-10T16:00:00Z", "2026-06-10T17:30:00Z", "over"),
                           Entry("2026-06-10T17:30:00Z", "2026-06-10T18:30:00Z", "on"),
                           Entry("2026-06-10T18:30:00Z", "2026-06-11T17:00:00Z", "next"),
                           Entry("2026-06-11T17:00:00Z", "2026-06-11T19:00:00Z", "last"),
                           Entry("2026-06-11T19:00:00Z", "2026-06-11T20:00:00Z", "later")});
  EXPECT_THAT(document.Programmes(), ElementsAre("20260610173000 +0000-20260610183000 +0000 on",
                                                 "20260610183000 +0000-20260611170000 +0000 next",
                                                 "20260611170000 +0000-20260611190000 +0000 last"));
}

TEST(Xmltv, AnEmptyGuideIsOffAir) {
  EXPECT_THAT(Document({}).Programmes(), ElementsAre("20260610180000 +0000-20260611180000 +0000 Off air"));
}

TEST(Xmltv, LeavesNoGapBeforeOrBetweenProgrammes) {
  const Document document({Entry("2026-06-10T19:00:00Z", "2026-06-10T20:00:00Z", "a"),
                           Entry("2026-06-10T21:00:00Z", "2026-06-10T22:00:00Z", "b")});
  EXPECT_THAT(document.Programmes(), ElementsAre("20260610180000 +0000-20260610190000 +0000 Off air",
                                                 "20260610190000 +0000-20260610200000 +0000 a",
                                                 "20260610200000 +0000-20260610210000 +0000 Off air",
                                                 "20260610210000 +0000-20260610220000 +0000 b"));
}

TEST(Xmltv, ProgrammesThatOverlapOrLastNoSecondDoNotOverlapInIt) {
  const Document document({Entry(kFrom, "2026-06-10T19:00:00.900Z", "a"),
                           Entry("2026-06-10T18:59:00Z", "2026-06-10T19:30:00Z", "b"),
                           Entry("2026-06-10T19:30:00.100Z", "2026-06-10T19:30:00.900Z", "blink"),
                           Entry("2026-06-10T19:30:00.900Z", "2026-06-10T20:00:00Z", "c")});
  EXPECT_THAT(document.Programmes(), ElementsAre("20260610180000 +0000-20260610190000 +0000 a",
                                                 "20260610190000 +0000-20260610193000 +0000 b",
                                                 "20260610193000 +0000-20260610200000 +0000 c"));
}

TEST(Xmltv, TimesAreUtcAlsoWhereClocksChange) {
  // New York, 8 March 2026: 02:00 becomes 03:00.
  const Channel channel = MakeChannel("retro", "Retro", 5);
  const EpgGeneration guide =
      GuideWith(channel, {Entry("2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z", "before"),
                          Entry("2026-03-08T07:00:00Z", "2026-03-08T07:30:00Z", "behind")});
  const std::string text = XmltvProgrammes({&channel, &guide}, At("2026-03-08T06:30:00Z"),
                                           At("2026-03-08T08:00:00Z"), TestSite(), {});
  EXPECT_THAT(text, ::testing::HasSubstr("start=\"20260308070000 +0000\" stop=\"20260308073000 +0000\""));
}

TEST(Xmltv, NumbersOfEpisodes) {
  const auto numbers = [](std::optional<int> season, std::optional<int> episode) {
    const Document document({OneHour("t", "s", season, episode)});
    std::vector<std::string> found;
    for (const pugi::xml_node n : document.programme().children("episode-num"))
      found.push_back(absl::StrCat(n.attribute("system").value(), " ", n.child_value()));
    return found;
  };
  EXPECT_THAT(numbers(1, 1), ElementsAre("xmltv_ns 0.0.", "onscreen S01E01"));
  EXPECT_THAT(numbers(12, 104), ElementsAre("xmltv_ns 11.103.", "onscreen S12E104"));
  EXPECT_THAT(numbers(0, 3), ElementsAre("onscreen S00E03")) << "a special";
  EXPECT_THAT(numbers(2, 0), ElementsAre("onscreen S02E00")) << "a pilot";
  EXPECT_THAT(numbers(std::nullopt, 3), ElementsAre("onscreen E03"));
  EXPECT_THAT(numbers(2, std::nullopt), IsEmpty());
  EXPECT_THAT(numbers(2, -1), IsEmpty());
}

TEST(Xmltv, AFilmIsAMovieWithItsYear) {
  Editorial film;
  film.year = 1979;
  film.synopsis = "In space\nnothing is heard.";
  film.genre = "Horror, Science fiction,movie,horror";
  film.rating = "r";
  EXPECT_THAT(ElementsOf(OneHour("Alien"), film),
              ElementsAre("title=Alien", "desc=In space nothing is heard.", "date=1979", "category=Movie",
                          "category=Horror", "category=Science fiction",
                          "previously-shown=", "rating system:MPAA=r"));
  GuideEntry clip = OneHour("Clip");
  clip.stop = clip.start + Min(5);
  EXPECT_THAT(ElementsOf(clip, Editorial{.year = 2026}), ElementsAre("title=Clip", "date=2026"));
}

TEST(Xmltv, AnEpisodeFirstAiredTodayIsNoRepeatAndOneOfYesterdayIs) {
  Editorial episode;
  episode.air_date = absl::CivilDay(2026, 6, 10);
  episode.rating = "TV-14";
  EXPECT_THAT(
      ElementsOf(OneHour("t", "s"), episode),
      ElementsAre("title=s", "sub-title=t", "date=20260610", "category=Series", "rating system:VCHIP=TV-14"));
  episode.air_date = absl::CivilDay(2026, 6, 9);
  episode.rating = "12 and up";
  EXPECT_THAT(ElementsOf(OneHour("t", "s"), episode),
              ElementsAre("title=s", "sub-title=t", "date=20260609", "category=Series",
                          "previously-shown start:20260609=", "rating=12 and up"));
}

TEST(Xmltv, WhatIsOnTwiceInAGuideIsARepeatTheSecondTime) {
  const auto hour = [](int h, const char* title, const char* series, std::optional<int> season,
                       std::optional<int> episode) {
    GuideEntry entry = OneHour(title, series, season, episode);
    entry.start += std::chrono::hours(h);
    entry.stop += std::chrono::hours(h);
    return entry;
  };
  const Document document({hour(0, "t", "s", 1, 1), hour(1, "t", "s", 1, 2), hour(2, "renamed", "s", 1, 1),
                           hour(3, "film", "", {}, {}), hour(4, "film", "", {}, {})});
  std::string repeats;
  for (const pugi::xml_node p : document.tv().children("programme"))
    repeats += p.child("previously-shown") ? "r" : "-";
  EXPECT_EQ(repeats, "--r-r");
}

TEST(Xmltv, NoElementIsEmpty) {
  const Document document({OneHour("", "", {}, {})}, {}, MakeChannel("retro", " \n"));
  EXPECT_STREQ(document.programme().child_value("title"), "retro");
  EXPECT_STREQ(document.tv().child("channel").child_value("display-name"), "retro");
  EXPECT_THAT(ElementsOf(OneHour("Same", "Same", 1, 1), Editorial{}),
              ElementsAre("title=Same", "category=Series", "episode-num system:xmltv_ns=0.0.",
                          "episode-num system:onscreen=S01E01"));
}

TEST(Xmltv, ComesBackAsItWasCleanedWhateverTheTextsAre) {
  for (const HostileText& hostile : HostileTexts()) {
    SCOPED_TRACE(hostile.what);
    Editorial editorial;
    editorial.synopsis = editorial.genre = editorial.rating = hostile.text;
    Channel channel = MakeChannel("retro", hostile.text, 5);
    const Document document(
        {OneHour(hostile.text, hostile.text + "s", 1, 1)}, [&](const GuideEntry&) { return &editorial; },
        channel);
    EXPECT_EQ(document.programme().child_value("desc"), hostile.clean);
    EXPECT_EQ(document.programme().child_value("sub-title"), hostile.clean);
    EXPECT_EQ(document.programme().child("rating").child_value("value"), hostile.clean);
    for (const char c : document.text())
      EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 && c != '\n') << "a control character";
  }
}

TEST(Xmltv, IsTheGuideOfADayTheScheduleMakes) {
  Network network;
  network.AddEpisode("Show", 1, Min(25));
  network.AddEpisode("Show", 2, Min(25));
  network.AddSeries("Show");
  network.AddZone("20:00", "21:00", {Network::OfProgram("Show")});
  const std::vector<ScheduleDay> days = {network.Resolve("2026-06-10")};
  const EpgGeneration guide = GuideOf(network.channel, days);
  const std::string text =
      XmltvProgrammes({&network.channel, &guide}, days[0].start, days[0].end, TestSite(), {});
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(absl::StrCat("<tv>", text, "</tv>").c_str()));
  std::vector<std::string> lines;
  std::string end = "20260610100000 +0000";
  for (const pugi::xml_node p : document.child("tv").children("programme")) {
    EXPECT_EQ(p.attribute("start").value(), end) << "they touch";
    end = p.attribute("stop").value();
    lines.push_back(absl::StrCat(p.attribute("start").value(), " ", p.child_value("title"), " ",
                                 p.child_value("episode-num")));
  }
  EXPECT_EQ(end, "20260611100000 +0000");
  EXPECT_THAT(lines,
              ElementsAre("20260610100000 +0000 Channel continues ", "20260611000000 +0000 Show 0.0.",
                          "20260611003000 +0000 Show 0.1.", "20260611010000 +0000 Channel continues "));
}

}  // namespace
}  // namespace retrovue
