#include "core/model/catalogue.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/model/text.h"

namespace retrovue {

const char* Name(AssetState state) {
  switch (state) {
    case AssetState::kNew:
      return "new";
    case AssetState::kEnriching:
      return "enriching";
    case AssetState::kReady:
      return "ready";
    case AssetState::kRetired:
      return "retired";
  }
  return "unknown";
}

bool MayBecome(AssetState from, AssetState to) {
  switch (from) {
    case AssetState::kNew:
      return to == AssetState::kEnriching || to == AssetState::kRetired;
    case AssetState::kEnriching:
      return to == AssetState::kReady || to == AssetState::kNew || to == AssetState::kRetired;
    // The file has changed and is looked at again; its approval goes with its state.
    case AssetState::kReady:
      return to == AssetState::kEnriching || to == AssetState::kRetired;
    case AssetState::kRetired:
      return to == AssetState::kNew;  // the file is back
  }
  return false;
}

bool IsSchedulable(const Asset& asset) {
  return asset.state == AssetState::kReady && asset.approved_for_broadcast && !asset.deleted_at &&
         asset.duration > Millis(0);
}

absl::Status ValidateSource(const Source& source) {
  if (source.type.empty()) {
    return absl::InvalidArgumentError("a source needs a type: name an importer, such as \"filesystem\"");
  }
  if (source.name.empty()) {
    return absl::InvalidArgumentError("a source needs a name: give it one with --name");
  }
  if (!absl::StartsWith(source.external_id, absl::StrCat(source.type, "-")) ||
      source.external_id.size() <= source.type.size() + 1) {
    return absl::InvalidArgumentError(absl::StrCat("source \"", source.name,
                                                   "\": its external id must begin with \"", source.type,
                                                   "-\" and say more; it is \"", source.external_id, "\""));
  }
  return absl::OkStatus();
}

absl::Status ValidateCollection(const Collection& collection) {
  if (collection.source_id.empty() || collection.external_id.empty()) {
    return absl::InvalidArgumentError(
        "a collection belongs to a source and has that source's name for it: discover the source's "
        "collections first");
  }
  if (collection.name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("collection \"", collection.external_id, "\" needs a name: give it one with --name"));
  }
  for (const PathMapping& mapping : collection.path_mappings) {
    if (mapping.remote.empty() || mapping.local.empty() || mapping.local.front() != '/') {
      return absl::InvalidArgumentError(
          absl::StrCat("collection \"", collection.name, "\": the path mapping \"", mapping.remote,
                       "\" -> \"", mapping.local, "\" needs both sides, and an absolute local path"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateAsset(const Asset& asset) {
  const std::string name = absl::StrCat("asset \"", asset.canonical_key, "\"");
  if (asset.canonical_key.empty()) {
    return absl::InvalidArgumentError("an asset needs a canonical key: the importer must name what it found");
  }
  if (asset.state == AssetState::kReady && asset.duration <= Millis(0)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " cannot be ready: its duration is not known. Probe the file again"));
  }
  if (asset.state == AssetState::kReady && asset.canonical_uri.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " cannot be ready: it has no local path. Give its collection a path mapping"));
  }
  if (asset.approved_for_broadcast && asset.state != AssetState::kReady) {
    return absl::InvalidArgumentError(absl::StrCat(name, " cannot be approved for broadcast while it is ",
                                                   Name(asset.state), ": approve it when it is ready"));
  }
  for (const AssetMarker& marker : asset.markers) {
    if (marker.start < Millis(0) || marker.end < marker.start || marker.end > asset.duration) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ": the marker \"", marker.kind, "\" from ", ToText(marker.start), " to ", ToText(marker.end),
          " is not inside its ", ToText(asset.duration), ": correct or remove the marker"));
    }
  }
  for (const AssetTag& tag : asset.tags) {
    if (tag.tag.empty() || NormalTag(tag.tag) != tag.tag) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": write the tag \"", tag.tag, "\" as \"", NormalTag(tag.tag), "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateStateChange(const Asset& asset, AssetState to) {
  if (MayBecome(asset.state, to)) return absl::OkStatus();
  const char* next = "";
  if (asset.state == AssetState::kRetired) {
    next = ": bring its file back and ingest its collection, it is new then";
  } else if (to == AssetState::kReady) {
    next = ": it must be enriched first";
  } else if (to == AssetState::kNew) {
    next = ": reprobe it, then it is enriched anew";
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "asset \"", asset.canonical_key, "\" is ", Name(asset.state), " and cannot become ", Name(to), next));
}

absl::Status ValidateWholeIngest(const Collection& collection) {
  if (!collection.sync_enabled) {
    return absl::FailedPreconditionError(
        absl::StrCat("collection \"", collection.name,
                     "\" is not enabled: enable it first (retrovue collection update "
                     "--sync-enable), or ingest one title of it"));
  }
  if (!collection.ingestible) {
    return absl::FailedPreconditionError(absl::StrCat(
        "collection \"", collection.name,
        "\" cannot be read now: check that its folder or server is there and its path mappings lead to it"));
  }
  return absl::OkStatus();
}

std::string RootOf(const Collection& collection) {
  const std::string& root = collection.external_id;
  const PathMapping* best = nullptr;
  for (const PathMapping& mapping : collection.path_mappings) {
    std::string remote = mapping.remote;
    while (remote.size() > 1 && remote.back() == '/') remote.pop_back();
    const bool holds = absl::StartsWith(root, remote) &&
                       (root.size() == remote.size() || root[remote.size()] == '/' || remote.back() == '/');
    if (holds && (best == nullptr || mapping.remote.size() > best->remote.size())) best = &mapping;
  }
  if (best == nullptr) return root;
  std::size_t length = best->remote.size();
  while (length > 1 && best->remote[length - 1] == '/') --length;
  std::string local = best->local;
  while (local.size() > 1 && local.back() == '/') local.pop_back();
  return absl::StrCat(local, root.substr(length));
}

}  // namespace retrovue
