/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.c: the objects of the published API as tables: types, required members, lengths and ranges.
 *
 * The definition has the types and the ranges; the lengths of a contact and of a parameter's id are those that the
 * vendor's pages print.
 */
#include "sim/wire.h"

static const sim_field pair[] = {{"name", .kind = SIM_TEXT, .required = true, .most = 64},
                                 {"value", .kind = SIM_TEXT, .most = 0},
                                 {0}};

static const sim_field contact_pair[] = {{"name", .kind = SIM_TEXT, .required = true, .most = 64},
                                         {"value", .kind = SIM_TEXT, .most = 1024},
                                         {0}};

const sim_field sim_customer[] = {
    {"firstName", .kind = SIM_TEXT},
    {"lastName", .kind = SIM_TEXT},
    {"displayName", .kind = SIM_TEXT},
    {"company", .kind = SIM_TEXT},
    {"jobTitle", .kind = SIM_TEXT},
    {"department", .kind = SIM_TEXT},
    {"streetAddress", .kind = SIM_TEXT},
    {"postCode", .kind = SIM_TEXT},
    {"city", .kind = SIM_TEXT},
    {"state", .kind = SIM_TEXT},
    {"country", .kind = SIM_TEXT},
    {"primaryTelNumber", .kind = SIM_TEXT},
    {"UPN", .kind = SIM_TEXT},
    {"imAddress", .kind = SIM_TEXT},
    {"email", .kind = SIM_TEXT},
    {"telNumbers", .kind = SIM_OBJECTS, .of = pair},
    {"customFields", .kind = SIM_OBJECTS, .of = pair},
    {0},
};

static const sim_field preferred_user[] = {
    {"upn", .kind = SIM_TEXT, .required = true},
    {"priority", .kind = SIM_INTEGER, .least = 1, .most = 99},
    {0},
};

const sim_field sim_information[] = {
    {"customer", .kind = SIM_OBJECT, .of = sim_customer},
    {"customContextParameters", .kind = SIM_OBJECTS, .of = pair},
    {"preferredUsers", .kind = SIM_OBJECTS, .most = 10, .of = preferred_user},
    {0},
};

const sim_field sim_external_task[] = {
    {"serviceUpn", .kind = SIM_TEXT, .required = true},
    {"customerIdentifier", .kind = SIM_TEXT},
    {"customer", .kind = SIM_OBJECT, .of = sim_customer},
    {"customContextParameters", .kind = SIM_OBJECTS, .of = pair},
    {"distributionPriority", .kind = SIM_TEXT},
    {"preferredUsers", .kind = SIM_OBJECTS, .most = 10, .of = preferred_user},
    {0},
};

#define ENTRY                                                                                      \
    {"ReferenceId", .kind = SIM_TEXT}, {"destination", .kind = SIM_TEXT, .required = true},        \
        {"dueDateTimeUtc", .kind = SIM_MOMENT, .required = true},                                  \
        {"serviceUpn", .kind = SIM_TEXT, .required = true},                                        \
        {"maxAttempts", .kind = SIM_INTEGER, .least = 1, .most = 10},                              \
        {"attemptTimeoutInSeconds", .kind = SIM_INTEGER, .least = 30, .most = 86400},              \
        {"customCallContextParameters", .kind = SIM_OBJECTS, .of = pair},                          \
    {                                                                                              \
        "customer", SIM_OBJECT, .of = sim_customer                                                 \
    }

const sim_field sim_entry_write[] = {
    ENTRY,
    {"distributionPriority", .kind = SIM_TEXT},
    {"maxQueueTimeInSeconds", .kind = SIM_INTEGER, .least = 5, .most = 3600},
    {"ronaTimeoutInSeconds", .kind = SIM_INTEGER, .least = 5, .most = 30},
    {0},
};

const sim_field sim_workflow_entry_write[] = {ENTRY, {0}};

static const sim_field address[] = {
    {"street", .kind = SIM_TEXT, .most = 1024},   {"city", .kind = SIM_TEXT, .most = 128},
    {"country", .kind = SIM_TEXT, .most = 128},   {"state", .kind = SIM_TEXT, .most = 128},
    {"postalCode", .kind = SIM_TEXT, .most = 40}, {0},
};

const sim_field sim_contact_write[] = {
    {"externalId", .kind = SIM_TEXT, .required = true, .most = 128},
    {"firstName", .kind = SIM_TEXT, .most = 64},
    {"lastName", .kind = SIM_TEXT, .most = 64},
    {"displayName", .kind = SIM_TEXT, .most = 256},
    {"initials", .kind = SIM_TEXT, .most = 16},
    {"company", .kind = SIM_TEXT, .most = 64},
    {"department", .kind = SIM_TEXT, .most = 64},
    {"jobTitle", .kind = SIM_TEXT, .most = 128},
    {"userPrincipalName", .kind = SIM_TEXT, .most = 128},
    {"imAddresses", .kind = SIM_TEXTS, .most = 10, .chars = 128},
    {"emailAddresses", .kind = SIM_TEXTS, .most = 10, .chars = 128},
    {"businessPhones", .kind = SIM_TEXTS, .most = 10, .chars = 32},
    {"mobilePhones", .kind = SIM_TEXTS, .most = 10, .chars = 32},
    {"homePhones", .kind = SIM_TEXTS, .most = 10, .chars = 32},
    {"addresses", .kind = SIM_OBJECTS, .most = 10, .of = address},
    {"customFields", .kind = SIM_OBJECTS, .most = 20, .of = contact_pair},
    {0},
};

static const sim_field task_config[] = {
    {"url", .kind = SIM_TEXT, .required = true, .most = 2048},
    {"services", .kind = SIM_TEXTS, .required = true, .least = 1},
    {"taskEvents", .kind = SIM_TEXTS, .required = true, .least = 1},
    {"modalities", .kind = SIM_TEXTS},
    {"directions", .kind = SIM_TEXTS},
    {0},
};

static const sim_field entry_config[] = {
    {"url", .kind = SIM_TEXT, .required = true, .most = 2048},
    {"services", .kind = SIM_TEXTS, .required = true, .least = 1},
    {"schedulerEntryEvents", .kind = SIM_TEXTS, .required = true, .least = 1},
    {0},
};

static const sim_field assistant_config[] = {
    {"url", .kind = SIM_TEXT, .required = true, .most = 2048},
    {"services", .kind = SIM_TEXTS, .required = true, .least = 1},
    {"dataTypes", .kind = SIM_TEXTS},
    {0},
};

const sim_field *const sim_config_of[SIM_TRIGGERS] = {task_config, entry_config, assistant_config};
