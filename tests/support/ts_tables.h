// PAT, PMT and SDT of a single-program stream (ISO/IEC 13818-1 2.4.4, ETSI EN 300 468 5.2.3): reassembled,
// checked, and required to stay the same from the first to the last.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/support/ts_findings.h"
#include "tests/support/ts_reader.h"

namespace air::analyser {

inline constexpr int kPatPid = 0x0000;
inline constexpr int kSdtPid = 0x0011;

// CRC-32 of annex A; 0 over a whole section that is intact.
uint32_t SectionCrc(std::span<const uint8_t> bytes);

// What the tables say about the program.
struct Program {
  int number = 0;
  int pmt_pid = -1;
  int pcr_pid = -1;
  std::map<int, int> streams;  // elementary PID -> stream_type
  std::string service_name;
};

class TableCheck {
 public:
  enum Table { kPat, kPmt, kSdt, kTables };

  // Any packet of a PID that carries tables; others are ignored.
  void Take(const TsPacketView& packet, FindingLog& log);

  bool Carries(int pid) const { return pid == kPatPid || pid == kSdtPid || pid == program_.pmt_pid; }
  bool complete() const { return program_.pcr_pid >= 0; }  // PAT and PMT have been seen
  const Program& program() const { return program_; }
  // The packets in which each intact section of a table ended.
  const std::vector<int64_t>& Arrivals(Table table) const { return arrivals_[table]; }

 private:
  struct Assembly {
    std::vector<uint8_t> bytes;
    bool started = false;
  };

  void TakeSections(int pid, Assembly& assembly, int64_t packet, FindingLog& log);
  void TakeSection(int pid, std::span<const uint8_t> section, int64_t packet, FindingLog& log);
  void ParsePat(std::span<const uint8_t> section, int64_t packet, FindingLog& log);
  void ParsePmt(std::span<const uint8_t> section, int64_t packet, FindingLog& log);
  void ParseSdt(std::span<const uint8_t> section, int64_t packet, FindingLog& log);

  Program program_;
  std::map<int, Assembly> assemblies_;
  std::vector<uint8_t> seen_[kTables];  // the first section of each kind
  std::vector<int64_t> arrivals_[kTables];
};

const char* Name(TableCheck::Table table);

}  // namespace air::analyser
