#include "core/ingest/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/one_line.h"

namespace retrovue {
namespace {

// What a name says, in one line: "Series|season|episode|title" and what else there is.
std::string Said(const NameFacts& facts) {
  std::string said = facts.series;
  const auto number = [](std::optional<int> n) { return n ? absl::StrCat(*n) : std::string("-"); };
  if (!facts.series.empty())
    absl::StrAppend(&said, "|", number(facts.season), "|", number(facts.episode), "|");
  absl::StrAppend(&said, facts.title);
  if (facts.last_episode) absl::StrAppend(&said, " to=", *facts.last_episode);
  if (facts.part) absl::StrAppend(&said, " part=", *facts.part);
  if (facts.year) absl::StrAppend(&said, " year=", *facts.year);
  if (facts.air_date) {
    absl::StrAppend(&said, " date=", facts.air_date->year(), "-", facts.air_date->month(), "-",
                    facts.air_date->day());
  }
  for (const auto& [provider, key] : facts.ids) absl::StrAppend(&said, " ", provider, "=", key);
  return said;
}

struct Case {
  const char* path;
  const char* said;
  const char* root = "Library";
};

// NOLINTNEXTLINE: a table.
const Case kCases[] = {
    // Numbered episodes in folders of seasons.
    {"Show/Season 01/Show - S02E05 - The End.mkv", "Show|2|5|The End"},
    {"Show/Season 02/Show - S02E05.mkv", "Show|2|5|Episode 5"},
    {"Show/Season 2/Show.S02E05.The.End.1080p.WEB-DL.x264-GRP.mkv", "Show|2|5|The End"},
    {"The Show (2005)/Season 1/The Show (2005) - S01E02 - Two.mkv", "The Show (2005)|1|2|Two year=2005"},
    {"The Show (2005) {tvdb-73255}/Season 01/S01E01 - Pilot.mkv",
     "The Show (2005)|1|1|Pilot year=2005 tvdb=73255"},
    {"Show [tmdbid=1]/Season 01/Show S01E03.mp4", "Show|1|3|Episode 3 tmdb=1"},
    {"Show/S03/Show 3x07 Seven.avi", "Show|3|7|Seven"},
    {"Show/Staffel 4/Show S04E09.mkv", "Show|4|9|Episode 9"},
    {"Show/Saison 2/Show - 2x11 - Onze.mkv", "Show|2|11|Onze"},
    {"Show/Series 5/Show s05e01.mp4", "Show|5|1|Episode 1"},
    {"Show/Season 01/01 - Pilot.mkv", "Show|1|1|Pilot"},
    {"Show/Season 01/02.mkv", "Show|1|2|Episode 2"},
    {"Show/Season 2/203 Third.mkv", "Show|2|3|Third"},
    {"Show/Season 1/Show 04.mkv", "Show|1|4|Episode 4"},
    {"Show/Season 1/E05 - Five.mkv", "Show|1|5|Five"},
    {"Show/Season 1/Episode 10.mp4", "Show|1|10|Episode 10"},
    {"Show/Season 01/Show - Episode 3 - Three.mkv", "Show|1|3|Three"},
    {"Season 03/Other Show/x.mkv", "x"},
    {"Season 1/01.mkv", "My Show|1|1|Episode 1", "My Show"},
    {"Season 1/S01E02.mkv", "My Show|1|2|Episode 2", "My Show"},
    // Specials and extras.
    {"Show/Specials/Show - S00E01 - Christmas.mkv", "Show|0|1|Christmas"},
    {"Show/Specials/Show - Making of.mkv", "Show|0|-|Show - Making of"},
    {"Show/Season 0/Show S00E12.mkv", "Show|0|12|Episode 12"},
    {"Show/Specials/03 Bloopers.mkv", "Show|0|3|Bloopers"},
    // Numbered episodes without folders.
    {"Show - S02E05.mkv", "Show|2|5|Episode 5"},
    {"Show S02E05 Title.mkv", "Show|2|5|Title"},
    {"Show.Name.S2E5.mkv", "Show Name|2|5|Episode 5"},
    {"show.name.s02e05.hdtv.xvid-grp.avi", "show name|2|5|Episode 5"},
    {"Show_Name_S02E05_Some_Title_720p.mp4", "Show Name|2|5|Some Title"},
    {"Show Name S02 E05 Title.mkv", "Show Name|2|5|Title"},
    {"Show.Name.S02.E05.Title.mkv", "Show Name|2|5|Title"},
    {"S02E05.mkv", "Library|2|5|Episode 5"},
    {"Show.2005.S01E02.mkv", "Show (2005)|1|2|Episode 2 year=2005"},
    {"Show (2005) S01E02.mkv", "Show (2005)|1|2|Episode 2 year=2005"},
    {"Show - 2x05 - Title.mkv", "Show|2|5|Title"},
    {"Show.2x05.Title.mkv", "Show|2|5|Title"},
    {"Show - [2x05] - Title.mkv", "Show|2|5|Title"},
    {"Show Season 2 Episode 5.mp4", "Show|2|5|Episode 5"},
    {"Marvels.Agents.of.S.H.I.E.L.D.S01E01.mkv", "Marvels Agents of S.H.I.E.L.D.|1|1|Episode 1"},
    {"Mr. Robot - S01E01 - eps1.0_hellofriend.mov.mkv", "Mr. Robot|1|1|eps1.0 hellofriend.mov"},
    {"24.S01E01.mkv", "24|1|1|Episode 1"},
    {"The 100 S01E01.mkv", "The 100|1|1|Episode 1"},
    {"Show S2019E03.mkv", "Show|2019|3|Episode 3"},
    {"Show.S01E101.mkv", "Show|1|101|Episode 101"},
    {"[Group] Show - 03 [1080p].mkv", "Show|1|3|Episode 3"},
    {"[Group] Show - 12v2 (BD 1080p).mkv", "Show|1|12|Episode 12"},
    {"Show - 03 - Title.mkv", "Show|1|3|Title"},
    {"Show Episode 10.mp4", "Show|1|10|Episode 10"},
    {"Show Ep. 7 - Seven.mp4", "Show|1|7|Seven"},
    // Several episodes in a file, episodes in several files.
    {"Show/Season 1/Show - S02E05E06.mkv", "Show|2|5|Episode 5 to=6"},
    {"Show - S02E05-E06 - Both.mkv", "Show|2|5|Both to=6"},
    {"Show - S02E05-06.mkv", "Show|2|5|Episode 5 to=6"},
    {"Show.S02E05E06E07.mkv", "Show|2|5|Episode 5 to=7"},
    {"Show - 2x05-06.mkv", "Show|2|5|Episode 5 to=6"},
    {"Show - 2x05-2x06.mkv", "Show|2|5|Episode 5 to=6"},
    {"Show.S02E05-720p.mkv", "Show|2|5|Episode 5"},
    {"Show - S02E05 - Title (part 2).mkv", "Show|2|5|Title part=2"},
    {"Show - S02E05a.mkv", "Show|2|5|Episode 5 part=1"},
    {"Show - S02E05 pt1.mkv", "Show|2|5|Episode 5 part=1"},
    // Daily shows.
    {"Daily Show/2019-03-04.mkv", "Daily Show|-|-|2019-03-04 year=2019 date=2019-3-4"},
    {"Daily Show - 2019-03-04 - Guest.mkv", "Daily Show|-|-|2019-03-04 Guest year=2019 date=2019-3-4"},
    {"Daily.Show.2019.03.04.Guest.720p.HDTV.mkv", "Daily Show|-|-|2019-03-04 Guest year=2019 date=2019-3-4"},
    {"Daily Show/Season 2019/Daily Show - 2019-03-04.mkv",
     "Daily Show|-|-|2019-03-04 year=2019 date=2019-3-4"},
    {"2019-03-04 Birthday.mp4", "Birthday year=2019 date=2019-3-4"},
    {"Show - 2019-02-30.mkv", "Show - 2019-02-30"},
    // Films.
    {"Movie (1987).mkv", "Movie year=1987"},
    {"Movie (1987)/Movie (1987).mkv", "Movie year=1987"},
    {"Movie Name (1987)/movie-name.mkv", "Movie Name year=1987"},
    {"Movie.Name.1987.x.mkv", "Movie Name year=1987"},
    {"Movie.Name.1987.1080p.BluRay.x264-GRP.mkv", "Movie Name year=1987"},
    {"Movie_Name_1987_DVDRip.avi", "Movie Name year=1987"},
    {"Movie Name [1987].mkv", "Movie Name year=1987"},
    {"Movie (1987) [imdbid-tt0123456].mkv", "Movie year=1987 imdb=tt0123456"},
    {"Movie (1987) {tmdb-603}.mkv", "Movie year=1987 tmdb=603"},
    {"Blade.Runner.2049.2017.2160p.mkv", "Blade Runner 2049 year=2017"},
    {"Blade Runner 2049 (2017).mkv", "Blade Runner 2049 year=2017"},
    {"1917 (2019).mkv", "1917 year=2019"},
    {"2001.A.Space.Odyssey.1968.mkv", "2001 A Space Odyssey year=1968"},
    {"Class of 1984.mkv", "Class of 1984"},
    {"Movie (1987) cd1.avi", "Movie part=1 year=1987"},
    {"Movie (1987) - part2.mkv", "Movie Part 2 part=2 year=1987"},
    {"Kill Bill Part 2.mkv", "Kill Bill Part 2 part=2"},
    {"The Godfather Part II (1974).mkv", "The Godfather Part II year=1974"},
    // What is fetched from the web.
    {"Some Talk [dQw4w9WgXcQ].mp4", "Some Talk youtube=dQw4w9WgXcQ"},
    {"Some Talk-[dQw4w9WgXcQ].webm", "Some Talk youtube=dQw4w9WgXcQ"},
    {"Some Talk - 20190304.mp4", "Some Talk year=2019 date=2019-3-4"},
    {"20190304 - Some Talk [dQw4w9WgXcQ].mkv", "Some Talk year=2019 date=2019-3-4 youtube=dQw4w9WgXcQ"},
    {"Some Clip [123456789].mp4", "Some Clip"},
    // Plain names.
    {"big_buck_bunny_720p.mp4", "big buck bunny"},
    {"video.mp4", "video"},
    {"Artist - Song (Official Video).mp4", "Artist - Song (Official Video)"},
    {"99 Problems.mp4", "99 Problems"},
    {"Artist - 99 Problems.mp4", "Artist - 99 Problems"},
    {"Charlotte's Web.mkv", "Charlotte's Web"},
    {"clip-1.mp4", "clip-1"},
    {"1920x1080.mp4", "1920x1080"},
    {"00001.MTS", "00001"},
    {"Trailers/E3 2019.mp4", "E3 2019"},
    {"what is this?!.mp4", "what is this?!"},
    {"no extension", "no extension"},
    {"Vol. 2.mkv", "Vol. 2"},
    {"ep.mp4", "ep"},
    {"1080p.mkv", "1080p"},
    // Unicode and rubbish.
    {"Die Brücke/Staffel 1/Die Brücke S01E02 Übermut.mkv", "Die Brücke|1|2|Übermut"},
    {"Амели (2001).mkv", "Амели year=2001"},
    {"アニメ 第03話.mkv", "アニメ|1|3|Episode 3"},
    {"电视剧 第12集.mp4", "电视剧|1|12|Episode 12"},
    {"🎬 Movie 🎬 (1999).mp4", "🎬 Movie 🎬 year=1999"},
    {"---.mp4", "---"},
    {"[].mp4", "[]"},
    {"...mkv", ".."},
    {" .mp4", " "},
    {"S99999E1.mkv", "S99999E1"},
};

class Names : public testing::TestWithParam<Case> {};

TEST_P(Names, SayWhatTheyMean) {
  const NameFacts facts = ParseName(GetParam().path, GetParam().root);
  EXPECT_EQ(Said(facts), GetParam().said) << GetParam().path;
  EXPECT_GE(facts.confidence, 80);
  EXPECT_LE(facts.confidence, 100);
}

INSTANTIATE_TEST_SUITE_P(OfFiles, Names, testing::ValuesIn(kCases));

TEST(NamesOfStrangers, AreNeverTooMuch) {
  const std::string_view pieces[] = {
      "S01E", "(((((", "[",      "2019",          ".", "-",     "\xff\xfe", "第",
      "x05",  "\n",    "{tvdb-", "9999999999999", " ", "part ", "E",        "'; DROP TABLE",
      "/",    "_720p", ")",      "\x1b[2J"};
  const std::size_t count = std::size(pieces);
  std::uint32_t lot = 1;
  for (int i = 0; i < 3000; ++i) {
    std::string name;
    for (int k = 0; k < 12; ++k) {
      lot = lot * 1664525 + 1013904223;
      name += pieces[(lot >> 16) % count];
    }
    const NameFacts facts = ParseName(name, name);
    EXPECT_FALSE(facts.title.empty()) << air::OneLine(name);
    EXPECT_EQ(ParseName(name, name), facts);
  }
  EXPECT_EQ(ParseName("", "").title, "Untitled");
  // Linear: a name as long as a file's can be is nothing.
  EXPECT_FALSE(ParseName(std::string(255, '('), "").title.empty());
  EXPECT_FALSE(ParseName(std::string(4096, 'a') + " S01E01-E02-E03.mkv", "").series.empty());
}

TEST(Stems, AreNamesWithoutFoldersAndExtensions) {
  EXPECT_EQ(StemOf("a/b/c.mkv"), "c");
  EXPECT_EQ(StemOf("Vol. 2"), "Vol. 2");
  EXPECT_EQ(StemOf("Show.2019"), "Show.2019");
  EXPECT_EQ(StemOf(".hidden"), ".hidden");
}

}  // namespace
}  // namespace retrovue
