// Survivors: what is left of a session whose supervisor was killed: its stages, found by the record and told
// from others by their start times, and the descriptors that they and the service manager kept. Whatever is
// not taken out of here is ended with it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protos/session_record.pb.h"
#include "supervisor/handover/descriptor_keeper.h"
#include "supervisor/process/stage_supervisor.h"

namespace air {

class Survivors {
 public:
  // Dials every stage the record names. `stored`: what the service manager had.
  Survivors(StageSupervisor& stages, const record::Session& session, DescriptorStore::Items stored);
  // Asks selector and encoders what they keep, until nothing the session needs is missing: a stage that is
  // slow to answer, or stopped, does not delay the adoption then. When something is missing at `deadline`, the
  // stages that have not answered are hung, and killed.
  void AskForDescriptors(Nanos deadline);

  // The process of that record, once; nothing when it is gone.
  std::unique_ptr<StageProcess> Take(const record::Stage& recorded);
  // What is kept under that name, once; empty when it is lost.
  std::vector<UniqueFd> TakeKept(const std::string& name);
  // The names of what is kept and was not taken.
  std::vector<std::string> KeptNames() const;

  size_t stages() const { return stages_.size(); }

 private:
  struct Found {
    StageKind kind;
    std::unique_ptr<StageProcess> process;
  };
  void Add(StageSupervisor& stages, StageKind kind, const record::Stage& recorded);
  bool IsComplete() const;
  // Takes one answer; false: there is none yet.
  bool TakeAnswer(StageProcess& stage);

  MasterClock& clock_;
  std::vector<std::string> needed_;      // names of descriptors
  std::map<std::string, Found> stages_;  // by id
  StageProcess::KeptItems kept_;
};

}  // namespace air
