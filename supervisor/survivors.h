// Survivors: what is left of a session whose supervisor was killed: its stages, found by the record and told
// from others by their start times, and the descriptors they kept. Whatever is not taken out of here is ended
// with it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protos/session_record.pb.h"
#include "supervisor/stage_supervisor.h"

namespace air {

class Survivors {
 public:
  // Dials every stage the record names.
  Survivors(StageSupervisor& stages, const record::Session& session);
  // Asks the selector, and each encoder for its own, what they keep. A stage that does not answer before
  // `deadline` is killed: it is hung.
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

  std::map<std::string, Found> stages_;  // by id
  StageProcess::KeptItems kept_;
};

}  // namespace air
