// ContentCheck: what a viewer of a captured stream of test pictures (test_pattern.h) saw and heard. Every
// picture is decoded and its counter read; every flash is measured against its beep; the sound is searched
// for gaps, clicks and dropouts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/captured_stream.h"
#include "tests/support/elementary_checks.h"
#include "tests/support/picture_runs.h"

namespace air::analyser {

struct ContentReport {
  DecodeComplaints complaints;
  int64_t pictures = 0;
  int64_t pad_pictures = 0;
  int64_t other_pictures = 0;  // neither a test picture nor black
  std::vector<PictureRun> runs;
  std::vector<std::string> breaks;  // PictureRuns::Breaks

  int64_t samples = 0;
  int64_t sound_gaps = 0;
  int64_t tone_faults = 0;  // SoundCheck::FaultsBetween, inside the runs of clips
  std::vector<std::string> first_tone_faults;

  int64_t flashes = 0;
  int64_t flashes_measured = 0;
  int64_t flashes_without_beep = 0;
  int64_t beeps_without_flash = 0;  // inside the runs of clips
  Measured<double> av_offset_ms;    // beep minus flash: positive when sound is late
};

// Errors: those of DecodeCapturedStream.
absl::StatusOr<ContentReport> CheckContent(std::span<const uint8_t> stream,
                                           const std::vector<ExpectedSegment>& segments = {});

struct ContentLimits {
  bool consecutive = false;  // no breaks, no pad, nothing but test pictures
  bool allow_pad = false;    // with `consecutive`: pad between runs is as planned
  bool clean_sound = false;  // nothing wrong with the tone
  double max_av_offset_ms =
      -1;  // each flash has its beep, each beep its flash, no further off; negative: not asked for
};

// What the report fails by, in words; empty when it passes. Decoder complaints and sound gaps always fail.
std::vector<std::string> Failures(const ContentReport& report, const ContentLimits& limits);

std::string DescribeContent(const ContentReport& report);
std::string ContentReportJson(const ContentReport& report);  // one line

}  // namespace air::analyser
