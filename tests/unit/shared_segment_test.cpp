// Shared memory segments: whole or not there, private, and never a SIGBUS.
#include "shm/shared_segment.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "shm/frame_ring_buffer.h"

namespace air {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kBytes = 3 * 4096;

bool AllZero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

// Names of this test process alone; whatever is left of them goes at the end.
class NamedSegment : public ::testing::Test {
 protected:
  const std::string name_ = absl::StrCat("air-test.", getpid(), ".",
                                         ::testing::UnitTest::GetInstance()->current_test_info()->name());
  const std::string temporary_ = "tmp." + name_;

  ~NamedSegment() override {
    RemoveNamedSegment(name_);
    RemoveNamedSegment(temporary_);
  }
  static std::string PathOf(const std::string& name) { return "/dev/shm/" + name; }
  std::vector<std::string> Names() const {
    std::vector<std::string> names = ListNamedSegments(name_);
    for (std::string& name : ListNamedSegments(temporary_)) names.push_back(std::move(name));
    return names;
  }
};

TEST_F(NamedSegment, IsInvisibleUntilItIsPublished) {
  absl::StatusOr<SharedSegment> segment = SharedSegment::CreateNamed(name_, kBytes);
  ASSERT_TRUE(segment.ok()) << segment.status();
  EXPECT_EQ(segment->bytes().size(), kBytes);
  EXPECT_TRUE(AllZero(segment->bytes()));
  EXPECT_EQ(SharedSegment::OpenNamed(name_, Access::kReadOnly).status().code(), absl::StatusCode::kNotFound);

  segment->bytes()[0] = std::byte{42};
  ASSERT_TRUE(segment->Publish().ok());
  EXPECT_THAT(Names(), ElementsAre(name_)) << "the temporary name is gone";
  const absl::StatusOr<SharedSegment> opened = SharedSegment::OpenNamed(name_, Access::kReadWrite);
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_EQ(opened->bytes().size(), kBytes);
  EXPECT_EQ(opened->bytes()[0], std::byte{42});
  opened->bytes()[kBytes - 1] = std::byte{43};
  EXPECT_EQ(segment->bytes()[kBytes - 1], std::byte{43}) << "one memory";
}

TEST_F(NamedSegment, NeverReplacesOneThatIsThere) {
  SharedSegment first = *SharedSegment::CreateNamed(name_, kBytes);
  ASSERT_TRUE(first.Publish().ok());
  first.bytes()[7] = std::byte{1};
  SharedSegment second = *SharedSegment::CreateNamed(name_, kBytes);
  const absl::Status status = second.Publish();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr(name_));
  EXPECT_EQ(SharedSegment::OpenNamed(name_, Access::kReadOnly)->bytes()[7], std::byte{1});
  EXPECT_THAT(Names(), ElementsAre(name_));
}

TEST_F(NamedSegment, AKilledCreatorsLeftoverIsSwept) {
  {
    SharedSegment abandoned = *SharedSegment::CreateNamed(name_, 2 * kBytes);
    abandoned.bytes()[0] = std::byte{99};
  }
  ASSERT_THAT(Names(), ElementsAre(temporary_));
  SharedSegment segment = *SharedSegment::CreateNamed(name_, kBytes);
  EXPECT_EQ(segment.bytes().size(), kBytes);
  EXPECT_TRUE(AllZero(segment.bytes()));
  ASSERT_TRUE(segment.Publish().ok());
  EXPECT_THAT(Names(), ElementsAre(name_));
}

TEST_F(NamedSegment, BelongsToItsUserAlone) {
  SharedSegment segment = *SharedSegment::CreateNamed(name_, kBytes);
  struct stat info {};
  ASSERT_EQ(stat(PathOf(temporary_).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_TRUE(segment.Publish().ok());
  ASSERT_EQ(stat(PathOf(name_).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_F(NamedSegment, HasAllItsMemoryFromTheStart) {
  SharedSegment segment = *SharedSegment::CreateNamed(name_, kBytes);
  struct stat info {};
  ASSERT_EQ(fstat(segment.fd(), &info), 0);
  EXPECT_EQ(static_cast<size_t>(info.st_size), kBytes);
  EXPECT_GE(static_cast<size_t>(info.st_blocks) * 512, kBytes) << "not sparse";
}

TEST_F(NamedSegment, CanBeUsedBeforeItsMemoryIsAllocatedAndKeepsWhatWasWritten) {
  SharedSegment segment = *SharedSegment::CreateNamed(name_, kBytes, Allocation::kLater);
  ASSERT_EQ(segment.bytes().size(), kBytes);
  segment.bytes()[kBytes - 1] = std::byte{7};
  struct stat info {};
  ASSERT_EQ(fstat(segment.fd(), &info), 0);
  EXPECT_LT(static_cast<size_t>(info.st_blocks) * 512, kBytes) << "sparse as yet";

  EXPECT_TRUE(segment.AllocateAll().ok());
  ASSERT_EQ(fstat(segment.fd(), &info), 0);
  EXPECT_GE(static_cast<size_t>(info.st_blocks) * 512, kBytes);
  EXPECT_EQ(segment.bytes()[kBytes - 1], std::byte{7});
  EXPECT_EQ(segment.bytes()[0], std::byte{0});
}

TEST_F(NamedSegment, HasItsHeadFromTheStartOrIsNotThere) {
  const size_t head = 2 * 4096;
  const SharedSegment segment = *SharedSegment::CreateNamed(name_, kBytes, Allocation::kLater, head);
  struct stat info {};
  ASSERT_EQ(fstat(segment.fd(), &info), 0);
  EXPECT_EQ(static_cast<size_t>(info.st_size), kBytes);
  EXPECT_EQ(static_cast<size_t>(info.st_blocks) * 512, head) << "allocated, and nothing else";

  const std::string other = name_ + "-2";
  const size_t too_much = std::filesystem::space("/dev/shm").capacity + (size_t{1} << 30);
  EXPECT_EQ(SharedSegment::CreateNamed(other, too_much, Allocation::kLater, too_much).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(ListNamedSegments("tmp." + other), IsEmpty());
}

TEST_F(NamedSegment, StopsAllocatingWhenToldTo) {
  const size_t too_much = std::filesystem::space("/dev/shm").capacity + (size_t{1} << 30);
  const SharedSegment segment = *SharedSegment::CreateNamed(name_, too_much, Allocation::kLater);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_TRUE(segment.AllocateAll(stopped.get_token()).ok()) << "a stop is no error";
  struct stat info {};
  ASSERT_EQ(fstat(segment.fd(), &info), 0);
  EXPECT_LT(static_cast<size_t>(info.st_blocks) * 512, size_t{1} << 20);
}

TEST_F(NamedSegment, MoreThanThereIsIsAnErrorAndLeavesNothing) {
  const size_t too_much = std::filesystem::space("/dev/shm").capacity + (size_t{1} << 30);
  const absl::StatusOr<SharedSegment> segment = SharedSegment::CreateNamed(name_, too_much);
  ASSERT_FALSE(segment.ok());
  EXPECT_EQ(segment.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(segment.status().message()),
              AllOf(HasSubstr(absl::StrCat(too_much)), HasSubstr(name_), HasSubstr("/dev/shm")));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(NamedSegment, ANameThatCannotBeIsAnErrorNotACrash) {
  EXPECT_FALSE(SharedSegment::CreateNamed("no/such/directory", kBytes).ok());
  EXPECT_FALSE(SharedSegment::OpenNamed("no/such/directory", Access::kReadOnly).ok());
}

TEST_F(NamedSegment, RemovingTheNameLeavesTheMemoryToWhoMapsIt) {
  SharedSegment segment = *SharedSegment::CreateNamed(name_, kBytes);
  ASSERT_TRUE(segment.Publish().ok());
  const SharedSegment reader = *SharedSegment::OpenNamed(name_, Access::kReadOnly);
  RemoveNamedSegment(name_);
  EXPECT_THAT(Names(), IsEmpty());
  segment.bytes()[5] = std::byte{5};
  EXPECT_EQ(reader.bytes()[5], std::byte{5});
}

TEST(SealedSegment, CanNeitherShrinkNorGrow) {
  SharedSegment segment = *SharedSegment::CreateSealed("air-test", kBytes);
  EXPECT_EQ(segment.bytes().size(), kBytes);
  EXPECT_TRUE(AllZero(segment.bytes()));
  EXPECT_EQ(ftruncate(segment.fd(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate(segment.fd(), 4 * kBytes), -1);
  EXPECT_EQ(fcntl(segment.fd(), F_ADD_SEALS, F_SEAL_WRITE), -1) << "and its seals are final";
  EXPECT_EQ(fcntl(segment.fd(), F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  struct stat info {};
  ASSERT_EQ(fstat(segment.fd(), &info), 0);
  EXPECT_GE(static_cast<size_t>(info.st_blocks) * 512, kBytes) << "not sparse";
}

TEST(SealedSegment, MoreThanAFileCanHoldIsAnError) {
  const absl::StatusOr<SharedSegment> segment = SharedSegment::CreateSealed("air-test-ring", size_t{1} << 63);
  ASSERT_FALSE(segment.ok());
  EXPECT_EQ(segment.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(segment.status().message()), HasSubstr("air-test-ring"));
}

TEST(SealedSegment, AnotherProcessMapsTheDescriptorItWasGiven) {
  SharedSegment segment = *SharedSegment::CreateSealed("air-test", kBytes);
  segment.bytes()[100] = std::byte{7};
  const absl::StatusOr<SharedSegment> reader =
      SharedSegment::Map(UniqueFd(dup(segment.fd())), Access::kReadOnly, kBytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->bytes().size(), kBytes);
  EXPECT_EQ(reader->bytes()[100], std::byte{7});
}

TEST(SealedSegment, AReaderCannotWrite) {
  SharedSegment segment = *SharedSegment::CreateSealed("air-test", kBytes);
  const SharedSegment reader = *SharedSegment::Map(UniqueFd(dup(segment.fd())), Access::kReadOnly, kBytes);
  // A system call meets the page protection as a store would, and answers instead of dying.
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(zero, 0);
  EXPECT_EQ(read(zero, reader.bytes().data(), 1), -1);
  EXPECT_EQ(errno, EFAULT);
  close(zero);
}

TEST(SealedSegment, TooShortADescriptorIsRefused) {
  SharedSegment segment = *SharedSegment::CreateSealed("air-test", kBytes);
  const absl::StatusOr<SharedSegment> mapped =
      SharedSegment::Map(UniqueFd(dup(segment.fd())), Access::kReadOnly, kBytes + 1);
  ASSERT_FALSE(mapped.ok());
  EXPECT_EQ(mapped.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(mapped.status().message()), AllOf(HasSubstr("12288"), HasSubstr("12289")));
  EXPECT_FALSE(SharedSegment::Map(UniqueFd(), Access::kReadOnly, 0).ok());
}

class WriteLock : public ::testing::Test {
 protected:
  SharedSegment segment_ = *SharedSegment::CreateSealed("air-test", kBytes);
  UniqueFd Open() { return *OpenForHandover(segment_.fd()); }
};

TEST_F(WriteLock, FencesASuccessorUntilThePredecessorIsGone) {
  UniqueFd first = Open(), second = Open();
  EXPECT_TRUE(LockForWriting(first).ok());
  EXPECT_TRUE(LockForWriting(first).ok()) << "asking twice is no harm";
  EXPECT_EQ(LockForWriting(second).code(), absl::StatusCode::kUnavailable);
  first.Reset();
  EXPECT_TRUE(LockForWriting(second).ok());
}

TEST_F(WriteLock, ADescriptorThatWasPassedOnSharesItsLock) {
  // Why each hand-over needs a description of its own: a duplicate fences nothing, and keeps the lock alive.
  UniqueFd first = Open();
  UniqueFd passed(dup(first.get()));
  ASSERT_TRUE(LockForWriting(first).ok());
  EXPECT_TRUE(LockForWriting(passed).ok());
  first.Reset();
  const UniqueFd successor = Open();
  EXPECT_EQ(LockForWriting(successor).code(), absl::StatusCode::kUnavailable);
  passed.Reset();
  EXPECT_TRUE(LockForWriting(successor).ok());
}

TEST_F(WriteLock, TheHandoverDescriptorMapsTheSameMemory) {
  const SharedSegment mapped = *SharedSegment::Map(Open(), Access::kReadWrite, kBytes);
  mapped.bytes()[9] = std::byte{9};
  EXPECT_EQ(segment_.bytes()[9], std::byte{9});
}

TEST_F(WriteLock, OfADescriptorThatIsNoneIsAnError) {
  EXPECT_FALSE(OpenForHandover(-1).ok());
  EXPECT_FALSE(LockForWriting(UniqueFd()).ok());
}

}  // namespace
}  // namespace air
