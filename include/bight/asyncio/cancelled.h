// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace bight::asyncio {

/// What a suspended task is ended with: asyncio.CancelledError.
///
/// No std::exception, so that `catch (const std::exception&)` lets it pass; let it pass in `catch (...)` too, by `throw;`.
/// A task that has been cancelled stays so: every later place that waits raises it again, but in shield().
class Cancelled {};

}  // namespace bight::asyncio
