// Stored things that can be scheduled and are no files: programs, virtual and synthetic assets.
#pragma once

#include <string>
#include <vector>

#include "core/model/cursor.h"
#include "core/model/program.h"
#include "core/store/repository.h"

namespace retrovue {

class Programs : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::vector<Program>> List() const;  // by name
  absl::StatusOr<std::vector<Program>> OfChannel(const ChannelId& id) const;
  absl::StatusOr<Program> Get(const ProgramId& id) const;
  absl::StatusOr<Program> Find(const ChannelId& channel_id,
                               const std::string& handle) const;  // by id or name

  // Adds it (an empty id is given one), or changes what is stored under its id. Its chain leads to no cycle.
  absl::Status Put(Program& program);
  // FAILED_PRECONDITION if a zone or another program has it.
  absl::Status Delete(const ProgramId& id);
};

class VirtualAssets : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::vector<VirtualAsset>> List() const;  // by name
  absl::StatusOr<VirtualAsset> Get(const VirtualAssetId& id) const;
  absl::StatusOr<VirtualAsset> Find(const std::string& handle) const;  // by id or name
  absl::Status Put(VirtualAsset& asset);
  absl::Status Delete(const VirtualAssetId& id);  // FAILED_PRECONDITION if a zone or a program has it
};

class SyntheticAssets : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::vector<SyntheticAsset>> List() const;  // by name
  absl::StatusOr<SyntheticAsset> Get(const SyntheticAssetId& id) const;
  absl::StatusOr<SyntheticAsset> Find(const std::string& handle) const;  // by id or name
  absl::Status Put(SyntheticAsset& asset);
  absl::Status Delete(const SyntheticAssetId& id);  // FAILED_PRECONDITION if a zone or a program has it
};

// Where the operator says a program is to go on: it holds from the start of that programming day, instead of what the day
// before has left. Where a cursor stands by itself is in ScheduleDay::cursors_after, and nowhere else.
struct CursorMark {
  ChannelId channel_id;
  absl::CivilDay from;
  CursorName name;
  Cursor cursor;

  friend bool operator==(const CursorMark&, const CursorMark&) = default;
};

class CursorMarks : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::vector<CursorMark>> OfChannel(const ChannelId& id) const;  // by date
  absl::Status Put(const CursorMark& mark);
  absl::Status Delete(const CursorMark& mark);  // its cursor does not matter
};

}  // namespace retrovue
