// JsonLine: writes one line of JSON, in the order it is told. Enough for reports; nothing is ever read back
// with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"

namespace air::analyser {

class JsonLine {
 public:
  void BeginObject(std::string_view key = {}) { Open(key, '{'); }
  void EndObject() { Close('}'); }
  void BeginArray(std::string_view key = {}) { Open(key, '['); }
  void EndArray() { Close(']'); }

  void Add(std::string_view key, int64_t value) { Raw(key, absl::StrFormat("%d", value)); }
  void Add(std::string_view key, int value) { Add(key, int64_t{value}); }
  void Add(std::string_view key, double value) { Raw(key, absl::StrFormat("%.6g", value)); }
  void Add(std::string_view key, bool value) { Raw(key, value ? "true" : "false"); }
  void Add(std::string_view key, const std::string& value) { Raw(key, Quoted(value)); }
  void Add(std::string_view key, const char* value) { Raw(key, Quoted(value)); }
  void AddNull(std::string_view key) { Raw(key, "null"); }

  const std::string& text() const { return text_; }

 private:
  static std::string Quoted(std::string_view value) {
    std::string out = "\"";
    for (char c : value) {
      if (c == '"' || c == '\\')
        out += '\\', out += c;
      else if (static_cast<unsigned char>(c) < 0x20)
        out += absl::StrFormat("\\u%04x", c);
      else
        out += c;
    }
    return out + '"';
  }

  void Raw(std::string_view key, const std::string& value) {
    if (!text_.empty() && text_.back() != '{' && text_.back() != '[') text_ += ',';
    if (!key.empty()) text_ += Quoted(key) + ':';
    text_ += value;
  }
  void Open(std::string_view key, char bracket) { Raw(key, std::string(1, bracket)); }
  void Close(char bracket) { text_ += bracket; }

  std::string text_;
};

}  // namespace air::analyser
