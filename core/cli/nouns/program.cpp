#include "core/cli/frame/arguments.h"
#include "core/cli/frame/confirm.h"
#include "core/cli/nouns/break_options.h"
#include "core/cli/nouns/selection.h"
#include "core/cli/nouns/verbs.h"
#include "core/store/programs.h"

#include "absl/strings/str_cat.h"

namespace retrovue::cli {
namespace {

struct Options {
  std::string channel;
  std::string handle;
  std::string new_name;
  ProgramOptions program;
  BreakOptions breaks;
};

void AddChannel(CLI::App& app, Options& options) {
  app.add_option("--channel", options.channel, "slug or number of the channel")
      ->type_name("CHANNEL")
      ->required();
}

void AddFields(CLI::App& app, Options& options) {
  AddPlaying(app, options.program);
  AddEach(app, "--intro", options.program.intros, "this asset before it")->type_name("ASSET");
  AddEach(app, "--outro", options.program.outros, "this asset after it")->type_name("ASSET");
  app.add_option("--rating", options.program.rating, "for the guide")->type_name("TEXT");
  AddBreaks(app, options.breaks, /*inherits=*/true);
}

absl::StatusOr<Answer> Add(Context& context, const Options& options) {
  if (absl::Status name = CheckName(options.program.name, "the program's name"); !name.ok()) return name;
  return context.Write(
      Answer{.name = "program"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
        const absl::StatusOr<Channel> channel = FindChannel(transaction, options.channel);
        if (!channel.ok()) return channel.status();
        if (transaction.programs().Find(channel->id, options.program.name).ok()) {
          return Refusal(
              absl::StatusCode::kAlreadyExists, "PROGRAM_EXISTS",
              absl::StrCat("channel ", channel->slug, " has a program \"", options.program.name,
                           "\" already: give another name, or change it with retrovue program update"));
        }
        Program program;
        program.channel_id = channel->id;
        program.name = options.program.name;
        if (absl::Status s = ApplyTo(transaction, options.program, program, answer.notices); !s.ok())
          return s;
        if (absl::Status s = ApplyTo(options.breaks, channel->breaks, program.breaks); !s.ok()) return s;
        if (absl::Status s = transaction.programs().Put(program); !s.ok()) return s;
        answer.value = ShapeOf(program, NamesIn(transaction, *channel));
        answer.says = {absl::StrCat("Program \"", program.name, "\" is there.")};
        answer.next = absl::StrCat("retrovue plan add --channel ", channel->slug,
                                   " --name Everyday --zone \"00:00-24:00=", program.name, "\"");
        return absl::OkStatus();
      });
}

absl::StatusOr<Answer> Update(Context& context, const Options& options) {
  return context.Write(
      Answer{.name = "program"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
        const absl::StatusOr<Channel> channel = FindChannel(transaction, options.channel);
        if (!channel.ok()) return channel.status();
        absl::StatusOr<Program> program = FindProgram(transaction, *channel, options.handle);
        if (!program.ok()) return program.status();
        if (!options.new_name.empty()) {
          if (absl::Status name = CheckName(options.new_name, "the program's name"); !name.ok()) return name;
          program->name = options.new_name;
        }
        if (absl::Status s = ApplyTo(transaction, options.program, *program, answer.notices); !s.ok())
          return s;
        if (absl::Status s = ApplyTo(options.breaks, channel->breaks, program->breaks); !s.ok()) return s;
        if (absl::Status s = transaction.programs().Put(*program); !s.ok()) return s;
        answer.value = ShapeOf(*program, NamesIn(transaction, *channel));
        answer.says = {absl::StrCat("Program \"", program->name,
                                    "\" is changed. Days that were made keep what they have.")};
        answer.next = absl::StrCat("retrovue schedule-day regenerate --channel ", channel->slug);
        return absl::OkStatus();
      });
}

absl::StatusOr<Answer> List(Context& context, const Options& options) {
  return context.Read(Answer{.name = "programs", .value = Json::array(), .columns = ProgramColumns()},
                      [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
                        const absl::StatusOr<Channel> channel = FindChannel(snapshot, options.channel);
                        if (!channel.ok()) return channel.status();
                        const auto programs = snapshot.programs().OfChannel(channel->id);
                        if (!programs.ok()) return programs.status();
                        const Names names = NamesIn(snapshot, *channel);
                        for (const Program& program : *programs)
                          answer.value.push_back(ShapeOf(program, names));
                        return absl::OkStatus();
                      });
}

absl::StatusOr<Answer> Show(Context& context, const Options& options) {
  return context.Read(
      Answer{.name = "program"}, [&](const Snapshot& snapshot, Answer& answer) -> absl::Status {
        const absl::StatusOr<Channel> channel = FindChannel(snapshot, options.channel);
        if (!channel.ok()) return channel.status();
        const absl::StatusOr<Program> program = FindProgram(snapshot, *channel, options.handle);
        if (!program.ok()) return program.status();
        answer.value = ShapeOf(*program, NamesIn(snapshot, *channel));
        return absl::OkStatus();
      });
}

absl::StatusOr<Answer> Delete(Context& context, const Options& options) {
  const absl::StatusOr<bool> wanted = Confirm(context, absl::StrCat("the program \"", options.handle, "\""));
  if (!wanted.ok()) return wanted.status();
  if (!*wanted) return Cancelled();
  return context.Write(
      Answer{.name = "program"}, [&](Transaction& transaction, Answer& answer) -> absl::Status {
        const absl::StatusOr<Channel> channel = FindChannel(transaction, options.channel);
        if (!channel.ok()) return channel.status();
        const absl::StatusOr<Program> program = FindProgram(transaction, *channel, options.handle);
        if (!program.ok()) return program.status();
        answer.value = {{"id", program->id.text}, {"name", program->name}};
        answer.says = {absl::StrCat("Program \"", program->name, "\" is deleted.")};
        return Coded("PROGRAM_IN_USE", transaction.programs().Delete(program->id));
      });
}

}  // namespace

std::vector<Verb> ProgramVerbs() {
  const auto with_handle = [](CLI::App& app, Options& options) {
    AddChannel(app, options);
    app.add_option("PROGRAM", options.handle, "its name or id")->required();
  };
  return {
      MakeVerb<Options>(
          "program", "add", "Make a program: what airs as one",
          [](CLI::App& app, Options& options) {
            AddChannel(app, options);
            app.add_option("--name", options.program.name, "unique in its channel")->required();
            AddFields(app, options);
          },
          Add),
      MakeVerb<Options>("program", "list", "List the programs of a channel", AddChannel, List),
      MakeVerb<Options>("program", "show", "Show a program and its chain", with_handle, Show),
      MakeVerb<Options>(
          "program", "update", "Change a program",
          [with_handle](CLI::App& app, Options& options) {
            with_handle(app, options);
            app.add_option("--name", options.new_name, "a new name");
            AddFields(app, options);
          },
          Update),
      MakeVerb<Options>("program", "delete", "Delete a program that no zone has", with_handle, Delete),
  };
}

}  // namespace retrovue::cli
