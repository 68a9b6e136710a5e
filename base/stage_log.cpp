#include "base/stage_log.h"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/log_file.h"
#include "base/one_line.h"
#include "base/sealed_log.h"

namespace air {
namespace {

constexpr size_t kQueuedLines = 1024;
constexpr size_t kLongestLine = 8192;

// The message, as one line.
class SafeMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string line = OneLine({message.payload.data(), message.payload.size()}, kLongestLine);
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<SafeMessage>(); }
};

LogBounds Bounds() {
  constexpr long long kLeast = 4096;
  LogBounds bounds;
  const char* text = std::getenv("AIR_LOG_BYTES");
  const long long wanted = text == nullptr ? 0 : std::atoll(text);
  if (wanted >= kLeast) bounds.bytes = wanted;
  return bounds;
}

class LogSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(bool may_open) : left_(Bounds().bytes) {
    if (may_open) file_.emplace(STDERR_FILENO, Bounds());
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    const std::string_view line(text.data(), text.size());
    if (file_) return file_->Write(line);
    if (static_cast<std::int64_t>(line.size()) > left_) return;
    left_ -= static_cast<std::int64_t>(line.size());
    (void)!write(STDERR_FILENO, line.data(), line.size());
  }
  void flush_() override {}  // nothing is kept back

 private:
  std::optional<LogFile> file_;
  std::int64_t left_;  // bytes this process may write, where it may open no file
};

// Before InitLog (unit tests) lines go to spdlog's default logger.
std::shared_ptr<spdlog::logger>& Instance() {
  static std::shared_ptr<spdlog::logger> logger = spdlog::default_logger();
  return logger;
}

void Init(const std::string& process, const std::string& level, bool may_open) {
  spdlog::init_thread_pool(kQueuedLines, 1);
  auto sink = std::make_shared<LogSink>(may_open);
  auto logger = std::make_shared<spdlog::async_logger>(process, sink, spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<SafeMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %l: %*");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::warn);
  Instance() = std::move(logger);
}

}  // namespace

void InitLog(const std::string& process, const std::string& level) { Init(process, level, true); }

void InitSealedLog(const std::string& process) { Init(process, "info", false); }

void Logger::Write(Level level, fmt::string_view form, fmt::format_args values) {
  static constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                          spdlog::level::warn, spdlog::level::err,
                                                          spdlog::level::critical};
  spdlog::logger& logger = *Instance();
  const spdlog::level::level_enum at = kLevels[static_cast<int>(level)];
  if (logger.should_log(at)) logger.log(at, spdlog::string_view_t(fmt::vformat(form, values)));
}

void Logger::flush() { Instance()->flush(); }

Logger& Log() {
  static Logger logger;
  return logger;
}

void EndLog() { spdlog::shutdown(); }

}  // namespace air
