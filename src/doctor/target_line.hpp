// The line about what was asked: a port of this host, an address elsewhere, a process.
#pragma once

#include "doctor/report.hpp"

namespace dt::doctor {

/// Fills the setting's line about the target's endpoint; of an address elsewhere that nothing here
/// speaks to, why it cannot be judged.
void describe_endpoint(const rules::Evidence& evidence, const rules::Verdict& verdict,
                       Setting& setting);
/// The same for the target's process, which can be looked at.
void describe_process(const rules::Evidence& evidence, Setting& setting);

}  // namespace dt::doctor
