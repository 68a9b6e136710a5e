// Transactions, threads and processes, on both databases.
#include <sys/wait.h>

#include <thread>

#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using testing::HasSubstr;

class StoreOfBoth : public StoreTest {
 protected:
  std::size_t SettingsStored() {
    return Read([](const Snapshot& s) { return s.settings().All(); })->size();
  }
};
INSTANTIATE_TEST_SUITE_P(, StoreOfBoth, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

TEST_P(StoreOfBoth, StoresNothingOfATransactionThatFails) {
  const std::int64_t before = store_->rows_written();
  const absl::Status status = Write([](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    return absl::CancelledError("changed my mind");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(SettingsStored(), 0u);
  EXPECT_EQ(store_->rows_written(), before);
  EXPECT_EQ(store_->database_errors(), 0);
  EXPECT_OK(Write([](Transaction& t) { return t.settings().Set("a", "2"); }));
}

TEST_P(StoreOfBoth, StoresNothingWhenTheDatabaseRefusesSomethingWhateverIsMadeOfIt) {
  Channel first = AddChannel("one");
  const absl::Status status = Write([](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    Channel second;
    second.slug = "one";
    second.title = "Second";
    second.time_zone = "UTC";
    (void)t.channels().Put(second);  // refused, and not looked at
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(SettingsStored(), 0u);
}

TEST_P(StoreOfBoth, RehearsesWithoutStoring) {
  std::size_t seen = 0;
  EXPECT_OK(store_->Rehearse([&](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    seen = t.settings().All()->size();
    return absl::OkStatus();
  }));
  EXPECT_EQ(seen, 1u);
  EXPECT_EQ(SettingsStored(), 0u);
  EXPECT_EQ(store_->rows_written(), 0);
}

TEST_P(StoreOfBoth, ReadsOneInstantWhileAnotherWrites) {
  ASSERT_OK(Write([](Transaction& t) { return t.settings().Set("a", "1"); }));
  EXPECT_OK(store_->Read([&](const Snapshot& s) {
    EXPECT_EQ(*s.settings().Get("a"), "1");
    EXPECT_OK(Write([](Transaction& t) { return t.settings().Set("a", "2"); }));  // waits for no reader
    EXPECT_EQ(*s.settings().Get("a"), "1");
    return absl::OkStatus();
  }));
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.settings().Get("a"); }), "2");
}

TEST_P(StoreOfBoth, TakesThreadsOfOneStoreOneAfterTheOther) {
  ASSERT_OK(Write([](Transaction& t) { return t.settings().Set("n", "0"); }));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n) {
        EXPECT_OK(store_->Write([](Transaction& t) -> absl::Status {
          const int count = std::stoi(**t.settings().Get("n"));
          return t.settings().Set("n", absl::StrCat(count + 1));
        }));
        EXPECT_OK(store_->Read([](const Snapshot& s) { return s.settings().All().status(); }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.settings().Get("n"); }), "100");
}

TEST_P(StoreOfBoth, TakesProcessesOneAfterTheOther) {
  ASSERT_OK(Write([](Transaction& t) { return t.settings().Set("n", "0"); }));
  store_.reset();  // a connection is not taken into a child
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = Store::Open(database_->url(), {.now = [] { return FromUtcMs(0); }});
      bool well = store.ok();
      for (int n = 0; well && n < 50; ++n) {
        well = (*store)
                   ->Write([](Transaction& t) -> absl::Status {
                     const int count = std::stoi(**t.settings().Get("n"));
                     return t.settings().Set("n", absl::StrCat(count + 1));
                   })
                   .ok();
      }
      _exit(well ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  Open();
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.settings().Get("n"); }), "100");
}

TEST_P(StoreOfBoth, IsMadeOnceByProcessesThatComeAtOnce) {
  TestDatabase fresh(GetParam());
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = Store::Open(fresh.url(), {.now = [] { return FromUtcMs(0); }});
      if (!store.ok()) std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
      _exit(store.ok() ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
}

TEST_P(StoreOfBoth, SaysWhenAnotherProcessKeepsTheDatabaseLocked) {
  const auto impatient = OpenAnother({.busy_timeout = Millis(200)});
  EXPECT_OK(Write([&](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    const absl::Status refused =
        impatient->Write([](Transaction& other) { return other.settings().Set("b", "1"); });
    EXPECT_EQ(refused.code(), absl::StatusCode::kDeadlineExceeded) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("try again"));
    return absl::OkStatus();
  }));
  EXPECT_EQ(impatient->database_errors(), 1);
  EXPECT_OK(impatient->Write([](Transaction& t) { return t.settings().Set("b", "1"); }));
  EXPECT_EQ(SettingsStored(), 2u);
}

TEST_P(StoreOfBoth, GivesKeysInTheOrderTheyWereMade) {
  std::string last;
  EXPECT_OK(Write([&](Transaction& t) {
    for (int i = 0; i < 5000; ++i) {
      const std::string id = t.ids().Next();
      EXPECT_TRUE(IsUuidV7(id));
      EXPECT_GT(id, last);
      last = id;
    }
    return absl::OkStatus();
  }));
}

}  // namespace
}  // namespace retrovue
