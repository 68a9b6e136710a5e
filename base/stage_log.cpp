#include "base/stage_log.h"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/one_line.h"

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

// Before InitLog (unit tests) lines go to spdlog's default logger.
std::shared_ptr<spdlog::logger>& Instance() {
  static std::shared_ptr<spdlog::logger> logger = spdlog::default_logger();
  return logger;
}

}  // namespace

void InitLog(const std::string& process, const std::string& level) {
  spdlog::init_thread_pool(kQueuedLines, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::async_logger>(process, sink, spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<SafeMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %l: %*");
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::warn);
  Instance() = std::move(logger);
}

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
