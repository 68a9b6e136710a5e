#include "tests/support/stranger_deeds.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "net/host_port.h"

namespace air::e2e {
namespace {

namespace fs = std::filesystem;

// A seqpacket socket takes 64 KB at once.
constexpr size_t kMostAtOnce = 32768;
constexpr int kSubscriptions = 3;  // of one connection

std::string Random(size_t bytes) {
  std::mt19937 random(4711);
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

const std::string kTlsHello =
    std::string("\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03", 11) + std::string(194, '\x2a');
const std::string kHttp1 = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string kHttp2 = kHttp2Preface + std::string("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 9);

Deed Says(const char* name, std::string bytes) {
  return {name, [bytes](const Dial& dial) {
            SendSome(dial(), bytes);
            std::vector<UniqueFd> stays;
            stays.push_back(dial());
            SendSome(stays.back(), bytes);
            return stays;
          }};
}

// RFC 9113, 4.1.
std::string Frame(char type, char flags, int stream, const std::string& payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  frame += type;
  frame += flags;
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  return frame + payload;
}

// RFC 7541, 6.2.2: a literal without indexing, neither of the texts compressed; both shorter than 127 bytes.
std::string Header(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) +
         value;
}

}  // namespace

void SendSome(const UniqueFd& socket, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t sent = send(socket.get(), bytes.data() + at, std::min(bytes.size() - at, kMostAtOnce),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return;
    at += static_cast<size_t>(sent);
  }
}

UniqueFd DialPath(const std::string& path, int kind) {
  UniqueFd socket(::socket(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

UniqueFd DialPort(int port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = 2, .tv_usec = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // of connect(), too
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

int MetricsPortIn(const std::string& runtime_dir) {
  std::string address;
  std::ifstream(runtime_dir + "/metrics.address") >> address;
  const auto parsed = ParseHostPort(address, PortRange::kNotZero);
  return parsed.ok() ? parsed->port : 0;
}

std::vector<Dial> StageDialsIn(const std::string& runtime_dir) {
  std::vector<Dial> dials;
  std::error_code gone;
  for (auto entry = fs::directory_iterator(runtime_dir, gone); entry != fs::directory_iterator();
       entry.increment(gone)) {
    const std::string path = entry->path();
    if (entry->path().extension() == ".sock")
      dials.emplace_back([path] { return DialPath(path, SOCK_SEQPACKET); });
  }
  return dials;
}

std::vector<Deed> StrangerDeeds() {
  return {Says("garbage", Random(100'000)),
          Says("half a request", "GET /metr"),
          Says("half of the opening of HTTP/2", kHttp2.substr(0, 12)),
          Says("the hello of TLS", kTlsHello),
          Says("HTTP/1", kHttp1),
          Says("HTTP/2", kHttp2),
          Says("a byte", std::string(1, '\0')),
          {"flood",
           [](const Dial& dial) {
             for (int i = 0; i < 300; ++i) SendSome(dial(), kHttp1);
             return std::vector<UniqueFd>();
           }},
          {"reset",
           [](const Dial& dial) {
             for (int i = 0; i < 30; ++i) {
               const UniqueFd socket = dial();
               const linger at_once{1, 0};
               setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
               SendSome(socket, kHttp1);
             }
             return std::vector<UniqueFd>();
           }},
          {"idle", [](const Dial& dial) {
             std::vector<UniqueFd> idle;
             for (int i = 0; i < 40; ++i) idle.push_back(dial());
             return idle;
           }}};
}

Deed SubscriberThatDoesNotRead(int channel_id) {
  constexpr char kHeaders = 1, kData = 0, kSettings = 4, kEndHeaders = 4, kEndStream = 1;
  const std::string no_window("\x00\x04\x00\x00\x00\x00", 6);  // SETTINGS_INITIAL_WINDOW_SIZE
  const std::string headers = Header(":method", "POST") + Header(":scheme", "http") +
                              Header(":path", "/retrovue.playout.PlayoutControl/SubscribeBlockEvents") +
                              Header(":authority", "localhost") + Header("content-type", "application/grpc") +
                              Header("te", "trailers");
  const std::string request{'\0', '\0', '\0', '\0', '\2', '\b', static_cast<char>(channel_id)};
  std::string bytes = kHttp2Preface + Frame(kSettings, 0, 0, no_window);
  for (int i = 0; i < kSubscriptions; ++i) {
    bytes += Frame(kHeaders, kEndHeaders, 2 * i + 1, headers) + Frame(kData, kEndStream, 2 * i + 1, request);
  }
  return {"subscriber that does not read", [bytes](const Dial& dial) {
            std::vector<UniqueFd> stays;
            stays.push_back(dial());
            SendSome(stays.back(), bytes);
            return stays;
          }};
}

}  // namespace air::e2e
