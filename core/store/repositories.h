// All repositories over one connection.
#pragma once

#include "core/store/as_run.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/playlog.h"
#include "core/store/programs.h"
#include "core/store/schedule_days.h"
#include "core/store/settings.h"
#include "core/store/sources.h"
#include "core/store/sql.h"

namespace retrovue {

class Repositories {
 public:
  explicit Repositories(Sql& connection)
      : sql(connection),
        sources(sql),
        collections(sql),
        assets(sql),
        channels(sql),
        plans(sql),
        programs(sql),
        virtual_assets(sql),
        synthetic_assets(sql),
        cursor_marks(sql),
        schedule_days(sql),
        playlog(sql),
        as_run(sql),
        settings(sql) {}

  Sql& sql;
  Sources sources;
  Collections collections;
  Assets assets;
  Channels channels;
  Plans plans;
  Programs programs;
  VirtualAssets virtual_assets;
  SyntheticAssets synthetic_assets;
  CursorMarks cursor_marks;
  ScheduleDays schedule_days;
  Playlog playlog;
  AsRun as_run;
  Settings settings;
};

}  // namespace retrovue
