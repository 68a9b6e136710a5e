// The page as it is packed into the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <set>
#include <string>

#include "web/pages.h"

namespace retrovue {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What a browser makes of it.
std::string Unpacked(const Page& page) {
  std::string out(page.size + 1, '\0');
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);  // gzip
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(page.gzip.data()));
  stream.avail_in = static_cast<uInt>(page.gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END) << std::string(page.path);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(PackedPage, IsWholeUnderItsNames) {
  std::set<std::string> paths;
  std::set<std::string> etags;
  for (const Page& page : Pages()) {
    SCOPED_TRACE(std::string(page.path));
    EXPECT_EQ(Unpacked(page).size(), page.size);
    EXPECT_EQ(page.path.substr(0, 1), "/");
    EXPECT_EQ(FindPage(page.path), &page);
    EXPECT_EQ(page.immutable, page.path.substr(0, 8) == "/assets/");
    EXPECT_THAT(std::string(page.etag), ::testing::MatchesRegex("\"[0-9a-f]+\""));
    EXPECT_THAT(std::string(page.content_type),
                ::testing::MatchesRegex("(text|image)/[a-z+]+(; charset=utf-8)?"));
    paths.insert(std::string(page.path));
    etags.insert(std::string(page.etag));
  }
  EXPECT_EQ(paths.size(), Pages().size());
  EXPECT_EQ(etags.size(), Pages().size());
}

TEST(PackedPage, HasNoOtherPaths) {
  ASSERT_NE(FindPage("/"), nullptr);
  for (const char* path : {"", "/index.html", "/assets", "/assets/", "//", "/../", "/licenses.txt/", "/zzz"})
    EXPECT_EQ(FindPage(path), nullptr) << path;
}

TEST(PackedPage, AsksForNothingFromElsewhereAndForNothingThatIsNotThere) {
  const std::string html = Unpacked(*FindPage("/"));
  EXPECT_THAT(html, HasSubstr("<div id=\"page\">"));
  EXPECT_THAT(html, Not(HasSubstr("://")));
  EXPECT_THAT(html, Not(HasSubstr("<style")));  // the policy allows none
  EXPECT_THAT(html, Not(HasSubstr("=\"/")));  // all addresses are relative: a proxy may put the page anywhere
  std::size_t found = 0;
  for (const Page& page : Pages()) {
    const std::string path(page.path);
    if (path.size() > 8 && page.immutable && html.find("\"." + path + "\"") != std::string::npos) ++found;
    if (path.size() > 4 && path.substr(path.size() - 4) == ".css") {
      EXPECT_THAT(Unpacked(page), Not(HasSubstr("url(")));
    }
  }
  EXPECT_EQ(found, 2u) << "its script and its style";
  EXPECT_NE(FindPage("/icon.svg"), nullptr);
}

TEST(PackedPage, ShipsTheLicencesOfItsParts) {
  const Page* page = FindPage("/licenses.txt");
  ASSERT_NE(page, nullptr);
  const std::string text = Unpacked(*page);
  for (const char* part : {"mpegts.js 1.", "preact 11.", "es6-promise", "events", "Apache License",
                           "Permission is hereby granted"})
    EXPECT_THAT(text, HasSubstr(part));
  for (const char* tool : {"vite ", "typescript ", "esbuild "})
    EXPECT_THAT(text, Not(HasSubstr(std::string("\n") + tool)));
}

TEST(PackedPage, IsSmall) {
  std::size_t own = 0;
  for (const Page& page : Pages())
    if (page.path.find("mpegts") == page.path.npos && page.path != "/licenses.txt") own += page.gzip.size();
  EXPECT_LT(own, 40'000u) << "bytes to the first picture of the guide, packed";
}

}  // namespace
}  // namespace retrovue
