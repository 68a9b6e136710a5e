// The table of bounds: it names every field, and each bound holds at its edge and not behind it.
#include "plans/message_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "plans/plan_check.h"
#include "protos/playout.pb.h"

namespace air {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using ::testing::HasSubstr;
namespace wire = ::retrovue::playout;

bool IsNumberOrText(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return false;
    default:
      return true;
  }
}

void Collect(const Descriptor* type, std::set<const Descriptor*>& types) {
  if (!types.insert(type).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    if (const Descriptor* inner = type->field(i)->message_type()) Collect(inner, types);
  }
}

// Of every call of the service, and of all that is in its request.
std::set<const Descriptor*> TypesOfCalls() {
  std::set<const Descriptor*> types;
  const google::protobuf::ServiceDescriptor* service =
      wire::StartChannelRequest::descriptor()->file()->FindServiceByName("PlayoutControl");
  for (int i = 0; i < service->method_count(); ++i) Collect(service->method(i)->input_type(), types);
  return types;
}

wire::BlockPlan Block() {
  wire::BlockPlan block;
  block.set_block_id("a");
  block.set_start_utc_ms(1'800'000'000'000);
  block.set_end_utc_ms(1'800'000'010'000);
  block.add_segments()->set_segment_duration_ms(10'000);
  return block;
}

TEST(MessageBounds, AreGivenForEveryNumberAndText) {
  int fields = 0;
  for (const Descriptor* type : TypesOfCalls()) {
    for (int i = 0; i < type->field_count(); ++i) {
      if (!IsNumberOrText(*type->field(i))) continue;
      const std::string name = absl::StrCat(type->name(), ".", type->field(i)->name());
      EXPECT_NE(BoundsOf(name), nullptr) << name;
      ++fields;
    }
  }
  EXPECT_GT(fields, 25);
}

// False: a field of this type cannot hold that.
bool Set(google::protobuf::Message& message, const FieldDescriptor& field, int64_t value) {
  const google::protobuf::Reflection& of = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    if (value >= 0) of.SetString(&message, &field, std::string(static_cast<size_t>(value), 'x'));
    return value >= 0;
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    of.SetInt64(&message, &field, value);
    return true;
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
    of.SetUInt32(&message, &field, static_cast<uint32_t>(value));
    return value >= 0 && value <= UINT32_MAX;
  }
  of.SetInt32(&message, &field, static_cast<int32_t>(value));
  return value >= INT32_MIN && value <= INT32_MAX;
}

TEST(MessageBounds, HoldAtTheEdgeAndNotBehindIt) {
  int refused = 0;
  for (const Descriptor* type : TypesOfCalls()) {
    for (int i = 0; i < type->field_count(); ++i) {
      if (!IsNumberOrText(*type->field(i))) continue;
      const FieldBounds& bounds = *BoundsOf(absl::StrCat(type->name(), ".", type->field(i)->name()));
      for (const int64_t value : {bounds.least - 1, bounds.least, bounds.most, bounds.most + 1}) {
        const std::unique_ptr<google::protobuf::Message> message(
            google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
        for (int other = 0; other < type->field_count(); ++other) {  // all the others are as they should be
          const FieldDescriptor& field = *type->field(other);
          if (IsNumberOrText(field))
            Set(*message, field, BoundsOf(absl::StrCat(type->name(), ".", field.name()))->least);
        }
        if (!Set(*message, *type->field(i), value)) continue;
        const absl::Status status = CheckBounds(*message);
        EXPECT_EQ(status.ok(), value >= bounds.least && value <= bounds.most)
            << bounds.field << " = " << value;
        if (!status.ok()) {
          EXPECT_THAT(status.message(), HasSubstr(absl::StrCat(type->field(i)->name(), ": ")));
          ++refused;
        }
      }
    }
  }
  EXPECT_GT(refused, 25);
}

TEST(MessageBounds, LetNoLineBeForged) {
  wire::BlockPlan block = Block();
  EXPECT_TRUE(CheckBlock(block, 0).ok()) << CheckBlock(block, 0);
  block.set_block_id("a\nb");
  EXPECT_THAT(CheckBlock(block, 0).message(), HasSubstr("control characters"));
}

TEST(PlanCheck, RefusesSegmentsAndBlocksThatCannotBe) {
  wire::BlockPlan block = Block();
  block.mutable_segments(0)->set_segment_duration_ms(INT64_MAX);
  EXPECT_THAT(CheckBlock(block, 0).message(), HasSubstr("segment_duration_ms: 9223372036854775807"));
  block = Block();
  block.set_start_utc_ms(1'800'000'000'000'000);  // microseconds: the year 59009
  block.set_end_utc_ms(1'800'000'000'010'000);
  EXPECT_THAT(CheckBlock(block, 0).message(), HasSubstr("start_utc_ms: 1800000000000000"));
  block = Block();
  block.set_start_utc_ms(INT64_MIN);
  EXPECT_THAT(CheckBlock(block, 0).message(), HasSubstr("must lie after start_utc_ms"));
  block.set_start_utc_ms(INT64_MAX);
  block.set_end_utc_ms(INT64_MIN);
  EXPECT_FALSE(CheckBlock(block, 0).ok());
  block = Block();
  block.set_block_id(std::string(4 << 20, 'x'));
  EXPECT_FALSE(CheckBlock(block, 0).ok());
  EXPECT_LT(CheckBlock(block, 0).message().size(), 1000u) << "what is refused is not repeated at length";
}

}  // namespace
}  // namespace air
