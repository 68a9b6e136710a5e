// Those that are hostile to a channel from outside, each in a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "tests/fault/hostile_world.h"

namespace air::e2e {

// Strangers at the metrics port, at the control sockets and at the stages' sockets; viewers of every kind;
// subscribers of events; a client that makes absurd calls; and, where there is a folder for it, one that fills
// shared memory up. All of them outlive neither the world nor the channel.
std::vector<std::unique_ptr<HostileActor>> HostileActors(HostileWorld& world, unsigned seed);

// Makes absurd calls, all of which must be refused (absurd_calls.cpp).
std::unique_ptr<HostileActor> AbsurdCaller(HostileWorld& world, unsigned seed);

}  // namespace air::e2e
