// The program air-decoder: one asset into one ring, then the end. It is started before it is needed and
// waits, loaded, for its asset; it may block on its full ring and on nothing of another process.
//
// In its life it opens one asset. What is to be opened with a name is opened first, then the sandbox is
// closed (sandbox.h), then the asset is read. A spare that was told to warm an asset has done all of that
// before it gets its ring; it can play no other, and what it may have caught from this one ends with it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "stages/decoder/producer.h"

namespace air {

using ProducerFactory = std::function<std::unique_ptr<IProducer>(const std::string& asset_uri)>;

// main(): MakeProducer is what AIR plays; tests have others. `version` is what --version answers.
[[noreturn]] void RunDecoder(int argc, char** argv, const char* version,
                             const ProducerFactory& make_producer);

}  // namespace air
