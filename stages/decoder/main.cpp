#include "stages/decoder/decoder_program.h"
#include "stages/decoder/decoder_stage.h"

int main(int argc, char** argv) { air::RunDecoder(argc, argv, &air::MakeProducer); }
