#include "evidence/evidence_files.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

namespace fs = std::filesystem;

struct FrameHeader {
  uint32_t bytes, magic;
  uint64_t checksum;
};
constexpr uint32_t kFrameMagic = 0x56454941;
static_assert(sizeof(FrameHeader) == 16);

uint64_t Checksum(const char* bytes, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<uint8_t>(bytes[i])) * 0x100000001b3;
  return hash;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

std::string EvidenceFolderOf(const std::string& runtime_dir) { return runtime_dir + "/evidence"; }

std::string EncodeEvidenceFrame(const evidence::Record& record) {
  const std::string message = record.SerializeAsString();
  const FrameHeader header{.bytes = static_cast<uint32_t>(message.size()),
                           .magic = kFrameMagic,
                           .checksum = Checksum(message.data(), message.size())};
  std::string frame(reinterpret_cast<const char*>(&header), sizeof header);
  return frame + message;
}

EvidenceFile ReadEvidenceFile(const std::string& path) {
  EvidenceFile file;
  const std::string bytes = ReadAll(path);
  while (bytes.size() - file.good_bytes >= sizeof(FrameHeader)) {
    FrameHeader header{};
    std::memcpy(&header, bytes.data() + file.good_bytes, sizeof header);
    const char* message = bytes.data() + file.good_bytes + sizeof header;
    if (header.magic != kFrameMagic || header.bytes > kMostEvidenceRecordBytes ||
        header.bytes > bytes.size() - file.good_bytes - sizeof header ||
        Checksum(message, header.bytes) != header.checksum) {
      break;
    }
    evidence::Record record;
    if (record.ParseFromArray(message, static_cast<int>(header.bytes))) {
      file.records.push_back(std::move(record));
    } else {
      ++file.unreadable;
    }
    file.good_bytes += sizeof header + header.bytes;
  }
  return file;
}

std::vector<std::string> ListEvidenceFiles(const std::string& session_folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(session_folder, error)) {
    if (entry.path().extension() == ".records") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<evidence::Session> ReadEvidenceSession(const std::string& session_folder) {
  const std::string text = ReadAll(session_folder + "/session");
  if (text.empty()) return absl::NotFoundError(absl::StrCat(session_folder, "/session: none"));
  evidence::Session session;
  if (!google::protobuf::TextFormat::ParseFromString(text, &session))
    return absl::DataLossError(absl::StrCat(session_folder, "/session cannot be read"));
  return session;
}

uint64_t ReadAcknowledged(const std::string& session_folder) {
  uint64_t sequence = 0;
  std::ifstream(session_folder + "/acknowledged") >> sequence;
  return sequence;
}

std::vector<std::string> ListEvidenceSessions(const std::string& evidence_folder) {
  std::vector<std::pair<int64_t, std::string>> sessions;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(evidence_folder, error)) {
    const absl::StatusOr<evidence::Session> session = ReadEvidenceSession(entry.path().string());
    if (session.ok()) sessions.emplace_back(-session->started_utc_ms(), entry.path().string());
  }
  std::sort(sessions.begin(), sessions.end());
  std::vector<std::string> folders;
  for (auto& [started, folder] : sessions) folders.push_back(std::move(folder));
  return folders;
}

}  // namespace air
