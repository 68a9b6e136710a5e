// retrovue: the operator's command line. docs/core/commands.md is its manual.
#include "core/cli/frame/verb.h"
#include "core/cli/nouns/verbs.h"

int main(int argc, char** argv) {
  return retrovue::cli::RunProgram(argc, argv, retrovue::cli::AllNouns(), retrovue::cli::AllVerbs());
}
