#include "net/host_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace air {
namespace {

using testing::HasSubstr;

TEST(HostPort, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(ParseHostPort("localhost:80", PortRange::kNotZero)->host, "localhost");
  EXPECT_EQ(ParseHostPort("[::1]:65535", PortRange::kNotZero)->host, "::1");
  EXPECT_EQ(ParseHostPort("[::1]:65535", PortRange::kNotZero)->port, 65535);
  EXPECT_EQ(ParseHostPort("127.0.0.1:0", PortRange::kAny)->port, 0);
}

TEST(HostPort, OutOfRangeOrMissingIsRefusedInWords) {
  for (const char* text :
       {"127.0.0.1:99999", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:", "127.0.0.1:http",
        "127.0.0.1:0x50", "127.0.0.1: 80", "127.0.0.1:99999999999999999999"}) {
    EXPECT_THAT(WrongHostPort(text, PortRange::kAny), HasSubstr("from 0 to 65535")) << text;
  }
  for (const char* text : {"", "8080", ":8080", "::1:8080", "[]:80"})
    EXPECT_THAT(WrongHostPort(text, PortRange::kAny), HasSubstr("HOST:PORT")) << text;
  EXPECT_THAT(WrongHostPort("127.0.0.1:0", PortRange::kNotZero), HasSubstr("from 1 to 65535"));
}

TEST(Address, IsHostAndPortOrTheNameOfASocket) {
  for (const char* text : {"127.0.0.1:0", "[::1]:8080", "unix:/run/control.sock", "unix:control.sock"})
    EXPECT_EQ(WrongAddress(text, PortRange::kAny), "") << text;
  EXPECT_EQ(WrongAddress("unix:" + std::string(107, 'x'), PortRange::kAny), "");
  EXPECT_THAT(WrongAddress("127.0.0.1:99999", PortRange::kAny), HasSubstr("from 0 to 65535"));
  EXPECT_THAT(WrongAddress("nonsense", PortRange::kAny), HasSubstr("HOST:PORT"));
  EXPECT_THAT(WrongAddress("unix:", PortRange::kAny), HasSubstr("unix:PATH"));
  EXPECT_THAT(WrongAddress("unix:" + std::string(108, 'x'), PortRange::kAny), HasSubstr("1 to 107 bytes"));
}

TEST(UnixAddress, IsNoHostAndPort) {
  EXPECT_EQ(WrongUnixAddress("unix:/run/control.sock"), "");
  for (const char* text : {"", "unix:", "/run/control.sock", "127.0.0.1:50051"})
    EXPECT_THAT(WrongUnixAddress(text), HasSubstr("unix:PATH")) << text;
}

}  // namespace
}  // namespace air
