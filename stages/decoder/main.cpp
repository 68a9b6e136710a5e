#include "base/version.h"
#include "stages/decoder/program/decoder_program.h"
#include "stages/decoder/program/decoder_stage.h"

int main(int argc, char** argv) { air::RunDecoder(argc, argv, air::BuildVersion(), &air::MakeProducer); }
