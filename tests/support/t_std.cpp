#include "tests/support/t_std.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "tests/support/ts_reader.h"

namespace air::analyser {
namespace {

constexpr double kTransportBufferBytes = 512;
constexpr double kTicksPerMs = kSystemClockHz / 1000.0;
constexpr double kEmptyWithinTicks = kSystemClockHz;  // 2.4.2.6: TB is empty at least once a second
constexpr double kByteTolerance = 1e-3;               // of the arithmetic

struct AvcLevel {
  int level;                 // times ten
  double max_kbr, max_kcpb;  // Table A-1, in units of 1200 bits/s and bits
};
constexpr AvcLevel kAvcLevels[] = {
    {9, 128, 350},        {10, 64, 175},       {11, 192, 500},     {12, 384, 1000},    {13, 768, 2000},
    {20, 2000, 2000},     {21, 4000, 4000},    {22, 4000, 4000},   {30, 10000, 10000}, {31, 14000, 14000},
    {32, 20000, 20000},   {40, 20000, 25000},  {41, 50000, 62500}, {42, 50000, 62500}, {50, 135000, 135000},
    {51, 240000, 240000}, {52, 240000, 240000}};

// One stream, from the packets to the removal of its units, through one time base.
class Model {
 public:
  Model(const std::string& name, const TStdBuffers& buffers, const PcrTimeline& clock, bool judge_transport,
        TStdUse& use, FindingLog& log)
      : name_(name),
        main_bytes_(buffers.main_bytes),
        leak_(buffers.leak_bps / 8 / kSystemClockHz),
        clock_(clock),
        judge_transport_(judge_transport),
        use_(use),
        log_(log) {}

  // The unit that follows; all its bytes are among the next ones.
  void Expect(const Arrival& unit, int64_t bytes) {
    const double at = static_cast<double>(clock_.At(unit.first_packet));
    const double delay = static_cast<double>(clock_.DelayTo(unit.dts, unit.first_packet));
    expected_ += static_cast<double>(bytes);
    units_.push_back({at + delay, expected_, unit.first_packet});
  }

  // A packet that begins to arrive at `begin` and has arrived at `end`, in 27 MHz.
  void Take(const TStdPacket& packet, double begin, double end) {
    if (left_ <= begin) emptied_ = begin;
    const double leave_begin = std::max(begin, left_);
    left_ = std::max(end, leave_begin + kTsPacketBytes / leak_);
    CheckTransport(packet.number, end);
    if (main_bytes_ == 0 || packet.payload_bytes == 0) return;
    const double share = static_cast<double>(packet.payload_bytes) / kTsPacketBytes;
    Enter(packet, left_ - share * (left_ - leave_begin), left_);
  }

  // Removes what is due up to the end of the time base.
  void Finish(double end, int64_t last_packet) {
    while (next_ < units_.size() && units_[next_].removal <= end) Remove(last_packet);
  }

 private:
  struct Unit {
    double removal;  // 27 MHz
    double end;      // bytes of the stream up to its last
    int64_t packet;  // its first
    double ready = -1;
  };

  std::string Time(double at) const {
    return absl::StrFormat("%.3f s",
                           (at - static_cast<double>(clock_.points().front().value)) / kSystemClockHz);
  }

  void CheckTransport(int64_t packet, double end) {
    const double fill = (left_ - end) * leak_;
    use_.fullest_transport = std::max(use_.fullest_transport, fill);
    if (end > emptied_ + kEmptyWithinTicks) {
      if (judge_transport_)
        log_.Add(Rule::kTStdTransport, packet, name_ + ": transport buffer is not empty once in a second");
      emptied_ = end;
    }
    const bool over = fill > kTransportBufferBytes + kByteTolerance;
    if (over && !transport_over_ && judge_transport_) {
      log_.Add(Rule::kTStdTransport, packet,
               absl::StrFormat("%s: transport buffer holds %.0f of 512 bytes at %s", name_, fill, Time(end)));
    }
    transport_over_ = over;
  }

  // The payload enters the main buffer from `begin` to `end`; units due in between are removed on the way.
  void Enter(const TStdPacket& packet, double begin, double end) {
    double bytes = static_cast<double>(packet.payload_bytes);
    while (next_ < units_.size() && units_[next_].removal < end) {
      const double removal = std::max(units_[next_].removal, begin);
      const double part = end > begin ? bytes * (removal - begin) / (end - begin) : 0;
      Add(part, begin, removal, packet.number);
      bytes -= part;
      begin = removal;
      Remove(packet.number);
    }
    Add(bytes, begin, end, packet.number);
  }

  void Add(double bytes, double begin, double end, int64_t packet) {
    for (; complete_ < units_.size() && entered_ + bytes >= units_[complete_].end - kByteTolerance;
         ++complete_) {
      const double missing = units_[complete_].end - entered_;
      units_[complete_].ready = bytes > 0 ? begin + (end - begin) * missing / bytes : begin;
    }
    entered_ += bytes;
    const double fill = entered_ - removed_;
    use_.fullest_main = std::max(use_.fullest_main, fill);
    const bool over = fill > main_bytes_ + kByteTolerance;
    if (over && !main_over_) {
      log_.Add(
          Rule::kTStdOverflow, packet,
          absl::StrFormat("%s: buffer holds %.0f of %.0f bytes at %s", name_, fill, main_bytes_, Time(end)));
    }
    main_over_ = over;
  }

  void Remove(int64_t packet) {
    const Unit& unit = units_[next_++];
    if (entered_ < unit.end - kByteTolerance) {
      log_.Add(Rule::kTStdUnderflow, packet,
               absl::StrFormat("%s: %.0f bytes of the unit in packet %d are missing at its DTS, %s", name_,
                               unit.end - entered_, unit.packet, Time(unit.removal)));
    } else {
      use_.ready_before_ms.Add((unit.removal - unit.ready) / kTicksPerMs);
    }
    removed_ = unit.end;
    main_over_ = entered_ - removed_ > main_bytes_ + kByteTolerance;
  }

  const std::string& name_;
  const double main_bytes_;
  const double leak_;  // bytes per 27 MHz tick
  const PcrTimeline& clock_;
  const bool judge_transport_;
  TStdUse& use_;
  FindingLog& log_;

  double left_ = std::numeric_limits<double>::lowest();  // when the last byte so far leaves TB
  double emptied_ = 0;                                   // when it was last seen empty
  bool transport_over_ = false, main_over_ = false;
  std::vector<Unit> units_;
  size_t next_ = 0;                                  // of units_, to be removed
  size_t complete_ = 0;                              // of units_, not yet wholly in the buffer
  double expected_ = 0, entered_ = 0, removed_ = 0;  // bytes
};

}  // namespace

std::optional<TStdBuffers> BuffersOfAvc(int level_times_ten) {
  for (const AvcLevel& level : kAvcLevels) {
    if (level.level != level_times_ten) continue;
    const double rate = std::max(level.max_kbr * 1200, 2e6);
    const double mux_and_overhead = rate * (0.004 + 1.0 / 750);
    return TStdBuffers{level.max_kbr * 1200, (mux_and_overhead + level.max_kcpb * 1200) / 8};
  }
  return std::nullopt;
}

TStdBuffers BuffersOfAdts(int channels) {
  if (channels <= 2) return {2'000'000, 3584};
  if (channels <= 8) return {5'529'600, 8976};
  if (channels <= 12) return {8'294'400, 12804};
  return {33'177'600, 51216};
}

TStdBuffers BuffersOfTables() { return {1'000'000, 0}; }

TStdUse ModelTStd(const std::string& name, const TStdBuffers& buffers, std::span<const TStdPacket> packets,
                  std::span<const Arrival> units, const PcrTimeline& clock, bool constant_rate,
                  FindingLog& log) {
  TStdUse use;
  use.main_bytes = buffers.main_bytes;
  const std::vector<PcrTimeline::Point>& points = clock.points();
  if (points.size() < 2) return use;
  size_t p = 0, u = 0;
  for (size_t begin = 0; begin < points.size();) {  // each time base
    size_t end = begin + 1;
    while (end < points.size() && !points[end].begins) ++end;
    const bool to_last_pcr = end == points.size() || !constant_rate;
    const int64_t first_packet = points[begin].packet;
    const int64_t end_packet = to_last_pcr ? points[end - 1].packet : points[end].packet;
    begin = end;

    Model model(name, buffers, clock, constant_rate, use, log);
    while (u < units.size() && units[u].first_packet < first_packet) ++u;
    // Bytes before the first unit belong to one that was never seen whole.
    const int64_t from = units.empty() || u == units.size() ? first_packet : units[u].first_packet;
    while (p < packets.size() && packets[p].number < from) ++p;
    for (size_t at = p; u < units.size() && units[u].first_packet < end_packet; ++u) {
      int64_t bytes = 0;
      for (; at < packets.size() && packets[at].number <= units[u].last_packet; ++at)
        bytes += packets[at].payload_bytes;
      model.Expect(units[u], bytes);
    }
    int64_t n = first_packet;
    for (; p < packets.size() && packets[p].number < end_packet; ++p) {
      n = packets[p].number;
      const auto arrived = static_cast<double>(clock.At(n));
      const bool before_a_break = n + 1 == end_packet && !to_last_pcr;
      const double packet_ticks =
          static_cast<double>(before_a_break ? clock.At(n) - clock.At(n - 1) : clock.At(n + 1) - clock.At(n));
      model.Take(packets[p], arrived, arrived + packet_ticks);
    }
    model.Finish(static_cast<double>(clock.At(to_last_pcr ? end_packet : end_packet - 1)), n);
  }
  return use;
}

}  // namespace air::analyser
