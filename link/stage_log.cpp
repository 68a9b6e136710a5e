#include "link/stage_log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace air {
namespace {

constexpr size_t kQueuedLines = 1024;

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
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %l: %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::warn);
  Instance() = std::move(logger);
}

spdlog::logger& Log() { return *Instance(); }

}  // namespace air
