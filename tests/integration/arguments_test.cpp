// What a person may give on the command lines of this product: every port, duration and number of every program has its range, and
// what lies outside is refused in words before anything is started, made or written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/child_program.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using testing::HasSubstr;
using Command = std::vector<std::string>;

// HOME stands for a folder that is not there, and must not be there afterwards.
struct Row {
  Command command;
  const char* says;  // of one that is refused
};

class Arguments : public testing::Test {
 protected:
  Finished RunIt(const Command& command) {
    Command whole = command;
    for (std::string& word : whole) {
      if (word == "HOME") word = Home();
    }
    whole[0] = Built(command[0]);
    return RunProgram(whole, folder_.Path("said.log"));
  }
  std::string Home() const { return folder_.Path("home"); }

  // `command` with `value` in the place of N.
  static Command With(Command command, const std::string& value) {
    for (std::string& word : command) {
      if (word == "N") word = value;
    }
    return command;
  }
  void ExpectRefused(const Command& command, const std::string& says) {
    const Finished run = RunIt(command);
    EXPECT_EQ(run.status, command[0] == "retrovue" ? 1 : 2) << absl::StrJoin(command, " ");
    EXPECT_THAT(run.output, HasSubstr(says)) << absl::StrJoin(command, " ");
    EXPECT_FALSE(std::filesystem::exists(Home())) << absl::StrJoin(command, " ");
    std::filesystem::remove_all(Home());
  }
  // Arguments are judged before help is given.
  void ExpectTaken(Command command) {
    command.push_back("--help");
    const Finished run = RunIt(command);
    EXPECT_EQ(run.status, 0) << absl::StrJoin(command, " ") << "\n" << run.output;
  }

  const TestFolder folder_;
};

// An option that takes a number, the last one of a command: the ends of its range, and what lies behind them.
struct Numbers {
  Command command;  // with N for the number
  const char* option;
  const char* least;
  const char* most;
  const char* below;
  const char* above;
};

const std::vector<Numbers> kNumbers = {
    {{"air-supervisor", "--port", "N"}, "--port", "1", "65535", "0", "65536"},
    {{"air-supervisor", "--port", "1", "--hang-ms", "N"}, "--hang-ms", "100", "60000", "99", "60001"},
    {{"air-supervisor", "--port", "1", "--ring-seconds", "N"}, "--ring-seconds", "0.5", "10", "0.49", "10.1"},
    {{"air-supervisor", "--port", "1", "--orphan-grace", "N"}, "--orphan-grace", "0", "3600", "-1", "3600.5"},
    {{"air-supervisor", "--port", "1", "--pts-origin", "N"},
     "--pts-origin",
     "0",
     "8589934591",
     "-1",
     "8589934592"},
    {{"air-ctl", "channel", "plan.json", "--port", "N"}, "--port", "1", "65535", "0", "65536"},
    {{"air-ctl", "--channel", "N", "stop"},
     "--channel",
     "-2147483648",
     "2147483647",
     "-2147483649",
     "2147483648"},
    {{"air-ctl", "start", "plan.json", "--at", "N"}, "--at", "1", "7258118400000", "0", "7258118400001"},
    {{"channel-manager", "--folder", "HOME", "--idle-exit", "N"}, "--idle-exit", "1", "86400", "0", "86401"},
    {{"channel-manager", "--folder", "HOME", "--clock-shift-ms", "N"},
     "--clock-shift-ms",
     "-6324480000000",
     "6324480000000",
     "-6324480000001",
     "6324480000001"},
    {{"program-director", "--home", "HOME", "--http", "127.0.0.1:0", "--most-starts", "N"},
     "--most-starts",
     "1",
     "1000",
     "0",
     "1001"},
};

TEST_F(Arguments, NumbersOutsideTheirRangeAreRefusedWithTheRange) {
  for (const Numbers& numbers : kNumbers) {
    ExpectTaken(With(numbers.command, numbers.least));
    ExpectTaken(With(numbers.command, numbers.most));
    // What is no number at all is told apart in NumberText; here it is enough that each option asks.
    for (const char* value : {numbers.below, numbers.above, "nan"}) {
      const char* whole = std::strchr(numbers.above, '.') == nullptr ? "whole " : "";
      ExpectRefused(With(numbers.command, value),
                    absl::StrCat(numbers.option, ": '", value, "': give a ", whole, "number from ",
                                 numbers.least, " to ", numbers.most));
    }
  }
}

// An option that takes an address.
struct Addresses {
  Command command;  // with N for the address
  bool any_port;    // 0 takes a free one
  bool may_be_unix;
};

const std::vector<Addresses> kAddresses = {
    {{"air-supervisor", "--port", "1", "--metrics-address", "N"}, true, false},
    {{"air-ctl", "--address", "N", "version"}, false, true},
    {{"air-ctl", "status", "--metrics", "N"}, false, false},
    {{"program-director", "--home", "HOME", "--http", "N"}, true, true},
    {{"program-director", "--home", "HOME", "--http", "127.0.0.1:0", "--control", "N"}, true, true},
};

// The same of commands that look at them themselves, before anything else.
const std::vector<Addresses> kAddressesOfTheNetwork = {
    {{"retrovue", "start", "--home", "HOME", "--http", "N"}, true, true},
    {{"retrovue", "start", "--home", "HOME", "--http", "127.0.0.1:0", "--control", "N"}, true, true},
    {{"retrovue", "demo", "--home", "HOME", "--http", "N", "/nowhere"}, true, true},
    {{"retrovue", "demo", "--home", "HOME", "--http", "127.0.0.1:0", "--control", "N", "/nowhere"},
     true,
     true},
};

TEST_F(Arguments, AddressesThatDoNotExistAreRefusedByEveryOptionOfEveryProgram) {
  std::vector<Addresses> all = kAddresses;
  all.insert(all.end(), kAddressesOfTheNetwork.begin(), kAddressesOfTheNetwork.end());
  for (const Addresses& addresses : all) {
    const auto refused = [&](const std::string& value, const std::string& says) {
      ExpectRefused(With(addresses.command, value), says);
    };
    refused("127.0.0.1:99999", "65535");
    refused("nonsense", "HOST:PORT");
    if (!addresses.any_port) refused("127.0.0.1:0", "from 1 to 65535");
    if (!addresses.may_be_unix) continue;
    refused("unix:/tmp/" + std::string(120, 'x'), "1 to 107 bytes");
  }
  for (const Addresses& addresses : kAddresses) {
    ExpectTaken(With(addresses.command, addresses.any_port ? "127.0.0.1:0" : "127.0.0.1:1"));
    if (addresses.may_be_unix) ExpectTaken(With(addresses.command, "unix:/tmp/x.sock"));
  }
}

TEST_F(Arguments, WhatIsNoneOfThoseThereAreIsRefusedInWords) {
  for (const Row& row : std::vector<Row>{
           {{"air-supervisor"}, "--port or --listen"},
           {{"air-supervisor", "--listen", "127.0.0.1:50051"},
            "unix:PATH; TCP listens on the loopback with --port"},
           {{"air-supervisor", "--listen", "unix:/tmp/" + std::string(120, 'x')}, "1 to 107 bytes"},
           {{"air-supervisor", "--port", "1", "--media-root", "nowhere"}, "give an absolute path"},
           {{"air-supervisor", "--port", "1", "--slate", "/nowhere.png"}, "/nowhere.png"},
           {{"air-supervisor", "--port", "1", "--log-level", "loud"}, "loud"},
           {{"air-supervisor", "--port", "1", "--on-drift", "panic"}, "panic"},
           {{"channel-manager"}, "--folder"},
           {{"channel-manager", "--folder", "HOME" + std::string(80, 'x')}, "longer than"},
           {{"channel-manager", "--folder", "HOME", "--log-level", "loud"}, "loud"},
           {{"program-director", "--home", "HOME", "--http", "127.0.0.1:0", "--log-level", "loud"}, "loud"},
           {{"program-director", "--home", "HOME", "--http", "127.0.0.1:0", "--now", "soon"},
            "2026-03-08T20:00:00Z"},
           {{"program-director", "--home", "HOME", "--http", "127.0.0.1:0", "--now", "1999-12-31T23:59:59Z"},
            "2000 to 2199"},
           {{"program-director", "--home", "HOME", "--http", "127.0.0.1:0", "--now", "2200-01-01T00:00:00Z"},
            "2000 to 2199"},
           {{"retrovue", "start", "--home", "HOME", "--now", "1999-12-31T23:59:59Z"}, "2000 to 2199"},
           {{"retrovue", "demo", "--home", "HOME", "--now", "9999-01-01T00:00:00Z", "/nowhere"},
            "2000 to 2199"},
           {{"retrovue", "demo", "--home", "HOME", "--timezone", "Mars/Olympus", "/nowhere"},
            "America/New_York"},
           {{"retrovue", "demo", "--home", "HOME"}, "PATH"},
       })
    ExpectRefused(row.command, row.says);
  ExpectTaken(
      {"program-director", "--home", "HOME", "--http", "127.0.0.1:0", "--now", "2199-12-31T23:59:59Z"});
  ExpectTaken({"retrovue", "start", "--home", "HOME", "--now", "2000-01-01T00:00:00Z"});
}

TEST_F(Arguments, AFlagThatIsNotKnownIsNamed) {
  for (const Command& command :
       {Command{"air-supervisor", "--frobnicate"}, Command{"air-decoder", "--frobnicate"},
        Command{"air-selector", "--frobnicate"}, Command{"air-encoder", "--frobnicate"},
        Command{"air-ctl", "--frobnicate", "version"}, Command{"channel-manager", "--frobnicate"},
        Command{"program-director", "--frobnicate"}, Command{"retrovue", "start", "--frobnicate"}})
    ExpectRefused(command, "--frobnicate");
}

// The same ranges hold in the file of --config.
TEST_F(Arguments, AFileOfFlagsIsJudgedLikeFlags) {
  std::ofstream(folder_.Path("air.conf")) << "port=99999\n";
  ExpectRefused({"air-supervisor", "--config", folder_.Path("air.conf")}, "from 1 to 65535");
  std::ofstream(folder_.Path("air.conf")) << "port=50051\nring-seconds=nan\n";
  ExpectRefused({"air-supervisor", "--config", folder_.Path("air.conf")}, "from 0.5 to 10");
}

}  // namespace
}  // namespace air::e2e
