#pragma once

namespace nanochart {

// How an engine evaluates: 512-bit vectors lower the clock of many processors for milliseconds, which a few
// microseconds of work `seldom` done between an engine's own steps do not earn back.
enum class Pace { often, seldom };

}  // namespace nanochart
