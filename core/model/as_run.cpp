#include "core/model/as_run.h"

namespace retrovue {

const char* Name(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::kBlockStart:
      return "block_start";
    case EvidenceKind::kSegmentStart:
      return "segment_start";
    case EvidenceKind::kSegmentEnd:
      return "segment_end";
    case EvidenceKind::kBlockFence:
      return "block_fence";
    case EvidenceKind::kChannelTerminated:
      return "channel_terminated";
  }
  return "unknown";
}

}  // namespace retrovue
