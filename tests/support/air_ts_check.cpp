// air-ts-check: judges a captured transport stream.
//
//   air-ts-check --rate 30000/1001 capture.ts
//       its structure (ts_analyser.h)
//   air-ts-check --rate 25 --content --expect-consecutive --max-av-offset-ms 1 capture.ts
//       and its content (content_check.h)
//   air-ts-check --rate 25 --t-std --constant-kbps 8000 capture.ts
//       its structure as a constant-rate stream's, held against the buffers of the decoder model (t_std.h)
//   ... | air-ts-check --json -
//       one line of JSON: {"structure":{...},"content":{...}}
//
// Exit status: 0 clean, 1 something was found, 2 wrong arguments or an unreadable file.
#include <sys/mman.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/support/content_check.h"
#include "tests/support/ts_analyser.h"

namespace air::analyser {
namespace {

struct Options {
  std::string file, rate;
  TsLimits limits;
  int64_t constant_kbps = 0;
  std::set<Rule> ignored;
  bool json = false, content = false;
  ContentLimits content_limits;
  std::vector<ExpectedSegment> segments;
};

// The whole capture: mapped when it is a file, read when it is a pipe.
class Capture {
 public:
  static std::unique_ptr<Capture> Open(const std::string& path) {
    std::unique_ptr<FILE, int (*)(FILE*)> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"),
                                               &CloseUnlessStdin);
    struct stat info {};
    if (!file || fstat(fileno(file.get()), &info) != 0) return nullptr;
    std::unique_ptr<Capture> capture(new Capture);
    if (S_ISREG(info.st_mode) && info.st_size > 0) {
      const size_t size = static_cast<size_t>(info.st_size);
      void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fileno(file.get()), 0);
      if (memory == MAP_FAILED) return nullptr;
      capture->mapped_ = {static_cast<const uint8_t*>(memory), size};
      return capture;
    }
    uint8_t piece[1 << 16];
    while (size_t count = std::fread(piece, 1, sizeof(piece), file.get())) {
      capture->read_.insert(capture->read_.end(), piece, piece + count);
    }
    if (std::ferror(file.get())) return nullptr;
    return capture;
  }
  ~Capture() {
    if (!mapped_.empty()) munmap(const_cast<uint8_t*>(mapped_.data()), mapped_.size());
  }
  std::span<const uint8_t> bytes() const {
    return mapped_.empty() ? std::span<const uint8_t>(read_) : mapped_;
  }

 private:
  static int CloseUnlessStdin(FILE* file) { return file == stdin ? 0 : std::fclose(file); }

  std::span<const uint8_t> mapped_;
  std::vector<uint8_t> read_;
};

std::string ParseRate(const std::string& text, TsLimits& limits) {
  const std::vector<std::string> parts = absl::StrSplit(text, '/');
  int64_t num = 0, den = 1;
  const bool good = parts.size() <= 2 && absl::SimpleAtoi(parts[0], &num) && num > 0 &&
                    (parts.size() == 1 || (absl::SimpleAtoi(parts[1], &den) && den > 0));
  if (!good) return "\"" + text + "\" is not num/den";
  limits.rate_num = num;
  limits.rate_den = den;
  return "";
}

std::string ParseRules(const std::string& text, std::set<Rule>& rules) {
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(text, ','))) {
    std::optional<Rule> rule = RuleByName(name);
    if (!rule) {
      std::string known;
      for (int i = 0; i < static_cast<int>(Rule::kCount); ++i)
        known += std::string(i ? ", " : "") + Name(Rule(i));
      return "unknown rule \"" + name + "\"; known are " + known;
    }
    rules.insert(*rule);
  }
  return "";
}

std::string ParseSegment(const std::string& text, std::vector<ExpectedSegment>& segments) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  ExpectedSegment segment{};
  const bool good = parts.size() == 3 && absl::SimpleAtoi(parts[0], &segment.clip_id) &&
                    absl::SimpleAtoi(parts[1], &segment.first) && absl::SimpleAtoi(parts[2], &segment.last);
  if (!good || segment.first > segment.last) return "\"" + text + "\" is not CLIP:FIRST:LAST";
  segments.push_back(segment);
  return "";
}

void AddOptions(CLI::App& app, Options& o) {
  app.add_option("file", o.file, "the capture; - is standard input")->required();
  // Each parser runs as the option's check, so that what it refuses is reported by the option's name.
  auto parsed = [](CLI::Option* option, auto parse) {
    option->check(CLI::Validator(parse, ""))->allow_extra_args(false);
  };
  static std::vector<std::string> rules, segments;  // the texts; parsed above
  parsed(app.add_option("--rate", o.rate, "expected pictures a second, num/den"),
         [&o](const std::string& text) { return ParseRate(text, o.limits); });
  parsed(app.add_option("--ignore", rules, "rules that do not count, by name, joined by commas"),
         [&o](const std::string& text) { return ParseRules(text, o.ignored); });
  app.add_option("--max-pcr-ms", o.limits.max_pcr_ms)->capture_default_str();
  app.add_option("--max-table-ms", o.limits.max_table_ms, "PAT and PMT")->capture_default_str();
  app.add_option("--max-sdt-ms", o.limits.max_sdt_ms)->capture_default_str();
  app.add_option("--max-idr-ms", o.limits.max_idr_ms)->capture_default_str();
  app.add_option("--max-delay-ms", o.limits.max_delay_ms, "from arrival to DTS")->capture_default_str();
  app.add_option("--constant-kbps", o.constant_kbps, "expected constant bit rate, kbit/s");
  app.add_flag("--t-std", o.limits.t_std, "hold it against the buffers of the decoder model (t_std.h)");
  app.add_flag("--json", o.json, "one line of JSON instead of text");
  app.add_flag("--content", o.content, "decode, and read the test pictures");
  app.add_flag("--expect-consecutive", o.content_limits.consecutive,
               "no picture lost, repeated, black or unreadable");
  app.add_flag("--allow-pad", o.content_limits.allow_pad, "with --expect-consecutive: pad is planned");
  app.add_flag("--expect-clean-sound", o.content_limits.clean_sound,
               "no click, gap or phase step in the tone");
  app.add_option("--max-av-offset-ms", o.content_limits.max_av_offset_ms, "between flash and beep");
  parsed(app.add_option("--segment", segments,
                        "CLIP:FIRST:LAST, a part of a clip that is on the air whole; repeatable"),
         [&o](const std::string& text) { return ParseSegment(text, o.segments); });
}

int Run(int argc, char** argv) {
  CLI::App app("Judges a captured MPEG transport stream.");
  Options o;
  AddOptions(app, o);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  o.limits.constant_bps = o.constant_kbps * 1000;
  const ContentLimits& wanted = o.content_limits;
  o.content |=
      wanted.consecutive || wanted.clean_sound || wanted.max_av_offset_ms >= 0 || !o.segments.empty();

  const std::unique_ptr<Capture> capture = Capture::Open(o.file);
  if (!capture) {
    std::fprintf(stderr, "air-ts-check: cannot read %s: %s\n", o.file.c_str(), std::strerror(errno));
    return 2;
  }
  const TsReport structure = AnalyseTs(capture->bytes(), o.limits);
  bool good = structure.Clean(o.ignored);
  std::string text = DescribeTs(structure, o.ignored);
  std::string json = "{\"structure\":" + TsReportJson(structure, o.ignored);

  if (o.content) {
    const absl::StatusOr<ContentReport> content = CheckContent(capture->bytes(), o.segments);
    if (content.ok()) {
      text += DescribeContent(*content);
      json += ",\"content\":" + ContentReportJson(*content);
    }
    const std::vector<std::string> failures =
        content.ok() ? Failures(*content, wanted) : std::vector{std::string(content.status().message())};
    for (const std::string& failure : failures) text += "FAILED    " + failure + "\n";
    good &= failures.empty();
  }
  json += std::string(",\"ok\":") + (good ? "true}\n" : "false}\n");
  std::fputs(o.json ? json.c_str() : text.c_str(), stdout);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace air::analyser

int main(int argc, char** argv) { return air::analyser::Run(argc, argv); }
