// Which page a request is for, and that nothing a stranger writes in it leads anywhere else.
#include "core/director/http/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace retrovue {
namespace {

Route Found(const std::string& target, const std::string& method = "GET") {
  const auto found = FindRoute(method, target);
  if (const auto* route = std::get_if<Route>(&found)) return *route;
  ADD_FAILURE() << target << " is no route";
  return {};
}

bool IsNotFound(const std::string& target) {
  const auto found = FindRoute("GET", target);
  const auto* none = std::get_if<NoRoute>(&found);
  return none != nullptr && none->why == NoRoute::Why::kNotFound;
}

TEST(Routes, LeadToTheirPages) {
  EXPECT_EQ(Found("/channels").kind, RouteKind::kChannels);
  EXPECT_EQ(Found("/channels.m3u").kind, RouteKind::kPlaylist);
  EXPECT_EQ(Found("/playlist.m3u").kind, RouteKind::kPlaylist);
  EXPECT_EQ(Found("/guide.xml").kind, RouteKind::kGuide);
  EXPECT_EQ(Found("/xmltv.xml").kind, RouteKind::kGuide);
  EXPECT_EQ(Found("/guide.xml.gz").kind, RouteKind::kGuideGz);
  EXPECT_EQ(Found("/api/v1/guide").kind, RouteKind::kApiGuide);
  EXPECT_EQ(Found("/api/v1/channels").kind, RouteKind::kApiChannels);
  EXPECT_EQ(Found("/api/v1/status").kind, RouteKind::kApiStatus);
  EXPECT_EQ(Found("/metrics").kind, RouteKind::kMetrics);
  EXPECT_EQ(Found("/healthz").kind, RouteKind::kHealthz);
  EXPECT_EQ(Found("/readyz").kind, RouteKind::kReadyz);
}

TEST(Routes, NameTheChannel) {
  EXPECT_EQ(Found("/channel/late-show.ts").kind, RouteKind::kStream);
  EXPECT_EQ(Found("/channel/late-show.ts").slug, "late-show");
  EXPECT_EQ(Found("/channel/5.ts?transcode=heavy").slug, "5");
  EXPECT_EQ(Found("/logo/news.png").kind, RouteKind::kLogo);
  EXPECT_EQ(Found("/logo/news.png").slug, "news");
  EXPECT_EQ(Found("/api/v1/channels/news/now").kind, RouteKind::kApiNow);
  EXPECT_EQ(Found("/api/v1/channels/news/now").slug, "news");
  EXPECT_EQ(Found("/channel/%6eews.ts").slug, "news");
}

TEST(Routes, AllElseIsAFileOfThePage) {
  EXPECT_EQ(Found("/").kind, RouteKind::kFile);
  EXPECT_EQ(Found("/").path, "/");
  EXPECT_EQ(Found("/assets/index-4f1c.js").path, "/assets/index-4f1c.js");
  EXPECT_EQ(Found("/favicon.ico?v=2").path, "/favicon.ico");
}

TEST(Routes, AChannelThatCannotExistIsNotFound) {
  for (const char* target :
       {"/channel/.ts", "/channel/ts", "/channel/UPPER.ts", "/channel/a b.ts", "/channel/a--b.ts",
        "/channel/news", "/channel/news.m3u8x", "/logo/news.jpg", "/logo/../news.png", "/channel/a/b.ts",
        "/api/v1/channels//now", "/api/v1/channels/x/later", "/api/v2/guide"})
    EXPECT_TRUE(IsNotFound(target)) << target;
  EXPECT_TRUE(IsNotFound("/channel/" + std::string(65, 'a') + ".ts"));
}

TEST(Routes, NoPathLeadsOut) {
  for (const char* target : {"/../etc/passwd", "/assets/../../x", "/assets/%2e%2e/x", "/assets/%2E./x",
                             "/a%2fb", "/channel/a%2Fb.ts", "/a%5cb", "/a\\b", "/a%00b", "/a%0d%0ab", "/a%",
                             "/a%2", "/a%zz", "/./a", "", "a", "*", "http://host/channels", "//../x"})
    EXPECT_TRUE(IsNotFound(target)) << target;
  EXPECT_TRUE(IsNotFound("/" + std::string(3000, 'a')));
}

TEST(Routes, ReadTheQuery) {
  const Route route = Found("/api/v1/guide?from=1&to=%32+3&from=9&&=x&flag");
  EXPECT_EQ(route.query.at("from"), "1");
  EXPECT_EQ(route.query.at("to"), "2 3");
  EXPECT_EQ(route.query.at("flag"), "");
  EXPECT_LE(
      Found("/channels?" + std::string("a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1"))
          .query.size(),
      16u);
  EXPECT_TRUE(Found("/channels?bad=%zz").query.empty());
}

TEST(Routes, OnlyReadingIsAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get"}) {
    const auto found = FindRoute(method, "/channels");
    const auto* none = std::get_if<NoRoute>(&found);
    ASSERT_NE(none, nullptr) << method;
    EXPECT_EQ(none->why, NoRoute::Why::kMethod) << method;
  }
  EXPECT_TRUE(std::holds_alternative<Options>(FindRoute("OPTIONS", "/channel/news.ts")));
  EXPECT_EQ(Found("/channels", "HEAD").kind, RouteKind::kChannels);
}

TEST(Routes, KnowWhatIsForOperators) {
  EXPECT_TRUE(IsForOperators(RouteKind::kMetrics));
  EXPECT_TRUE(IsForOperators(RouteKind::kApiStatus));
  EXPECT_FALSE(IsForOperators(RouteKind::kHealthz));
  EXPECT_FALSE(IsForOperators(RouteKind::kStream));
}

}  // namespace
}  // namespace retrovue
