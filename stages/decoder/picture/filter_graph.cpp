#include "stages/decoder/picture/filter_graph.h"

extern "C" {
#include <libavutil/mem.h>
}

#include "absl/strings/str_cat.h"

namespace air {
namespace {

int Connect(FilterGraph& built, const std::string& filters) {
  AVFilterInOut* to = avfilter_inout_alloc();    // what the chain's open output connects to
  AVFilterInOut* from = avfilter_inout_alloc();  // what feeds the chain's open input
  int error = AVERROR(ENOMEM);
  if (to != nullptr && from != nullptr) {
    *from = {av_strdup("in"), built.entry, 0, nullptr};
    *to = {av_strdup("out"), built.exit, 0, nullptr};
    error = avfilter_graph_parse_ptr(built.graph.get(), filters.c_str(), &to, &from, nullptr);
    if (error >= 0) error = avfilter_graph_config(built.graph.get(), nullptr);
  }
  avfilter_inout_free(&to);
  avfilter_inout_free(&from);
  return error;
}

}  // namespace

int BuildFilterGraph(const AVFrame& shape, const std::string& filters, int threads, FilterGraph& built) {
  built.graph.reset(avfilter_graph_alloc());
  if (built.graph == nullptr) return AVERROR(ENOMEM);
  AVFilterGraph& graph = *built.graph;
  graph.nb_threads = threads;
  // For the conversions the graph puts in by itself, between the formats of its filters.
  graph.scale_sws_opts = av_strdup("flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp");

  const std::string entry = absl::StrCat("video_size=", shape.width, "x", shape.height,
                                         ":pix_fmt=", shape.format, ":time_base=1/1:pixel_aspect=1/1");
  int error = avfilter_graph_create_filter(&built.entry, avfilter_get_by_name("buffer"), "in", entry.c_str(),
                                           nullptr, &graph);
  if (error >= 0) {
    error = avfilter_graph_create_filter(&built.exit, avfilter_get_by_name("buffersink"), "out", nullptr,
                                         nullptr, &graph);
  }
  if (error >= 0) error = Connect(built, filters);
  if (error < 0) built = {};
  return error < 0 ? error : 0;
}

}  // namespace air
