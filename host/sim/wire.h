/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h: the objects of the published API that a client sends, as tables for check.h. */
#ifndef NF_SIM_WIRE_H
#define NF_SIM_WIRE_H

#include "sim/check.h"

/** What can be subscribed to. */
typedef enum sim_trigger { SIM_ON_TASK, SIM_ON_ENTRY, SIM_ON_ASSISTANT, SIM_TRIGGERS } sim_trigger;

extern const sim_field sim_customer[], sim_information[], sim_external_task[], sim_entry_write[],
    sim_workflow_entry_write[], sim_contact_write[];

/** `config` of a registration, by trigger. */
extern const sim_field *const sim_config_of[SIM_TRIGGERS];

#endif
