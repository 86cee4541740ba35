/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c: see nf/fields.h. Limits of contacts: the page "Creating an External Task" of Luware's knowledge base; of a
 * parameter: "Parameters" there; of entries and preferred users: the published definition of the connector. */
#include "nf/fields.h"

enum { CONTACT_ADDRESSES = 10, CONTACT_FIELDS = 20, ID = 128, PHONE = 32 };

static const nf_param named_text[] = {
    {"name", NF_STRING, true, "designation", NULL, 0, 0, 0},
    {"value", NF_TEXT, false, "value", NULL, 0, 0, 0},
    {0},
};

const nf_param nf_fields_customer[] = {
    {"firstName", NF_TEXT, false, "first name", NULL, 0, 0, 0},
    {"lastName", NF_TEXT, false, "last name", NULL, 0, 0, 0},
    {"displayName", NF_TEXT, false, "display name", NULL, 0, 0, 0},
    {"company", NF_TEXT, false, "company", NULL, 0, 0, 0},
    {"jobTitle", NF_TEXT, false, "job title", NULL, 0, 0, 0},
    {"department", NF_TEXT, false, "department", NULL, 0, 0, 0},
    {"streetAddress", NF_TEXT, false, "street and number", NULL, 0, 0, 0},
    {"postCode", NF_TEXT, false, "postcode", NULL, 0, 0, 0},
    {"city", NF_TEXT, false, "city", NULL, 0, 0, 0},
    {"state", NF_TEXT, false, "state", NULL, 0, 0, 0},
    {"country", NF_TEXT, false, "country", NULL, 0, 0, 0},
    {"primaryTelNumber", NF_TEXT, false, "primary telephone number", NULL, 0, 0, 0},
    {"telNumbers", NF_NAMED, false, "additional telephone numbers, designation to number",
     named_text, 0, 0, 0},
    {"UPN", NF_TEXT, false, "user principal name", NULL, 0, 0, 0},
    {"imAddress", NF_TEXT, false, "instant messaging address", NULL, 0, 0, 0},
    {"email", NF_TEXT, false, "e-mail address", NULL, 0, 0, 0},
    {"customFields", NF_NAMED, false, "custom fields, name to value", named_text, 0, 0, 0},
    {0},
};

const nf_param nf_fields_parameter[] = {
    {"name", NF_STRING, true, "id of the parameter", NULL, 64, 0, 0},
    {"value", NF_TEXT, false, "value", NULL, 5120, 0, 0},
    {0},
};

const nf_param nf_fields_preferred_user[] = {
    {"upn", NF_UPN, true, "UPN of the user", NULL, 0, 0, 0},
    {"priority", NF_INTEGER, false, "1 (high) to 99 (low)", NULL, 0, 1, 99},
    {0},
};

const nf_param nf_fields_id[] = {
    {NF_ITEM, NF_STRING, false, "id", NULL, NF_ID_MAX, 0, 0},
    {0},
};

static const nf_param contact_address[] = {
    {NF_ITEM, NF_TEXT, false, "address", NULL, ID, 0, 0},
    {0},
};

static const nf_param contact_phone[] = {
    {NF_ITEM, NF_TEXT, false, "telephone number", NULL, PHONE, 0, 0},
    {0},
};

static const nf_param contact_place[] = {
    {"street", NF_TEXT, false, "street and number", NULL, 1024, 0, 0},
    {"city", NF_TEXT, false, "city", NULL, ID, 0, 0},
    {"country", NF_TEXT, false, "country", NULL, ID, 0, 0},
    {"state", NF_TEXT, false, "state", NULL, ID, 0, 0},
    {"postalCode", NF_TEXT, false, "postcode", NULL, 40, 0, 0},
    {0},
};

static const nf_param contact_field[] = {
    {"name", NF_STRING, true, "designation", NULL, 64, 0, 0},
    {"value", NF_TEXT, false, "value", NULL, 1024, 0, 0},
    {0},
};

const nf_param nf_params_contact[] = {
    {"AddressBook", NF_BOOK, true, "name or id of the address book", NULL, NF_ID_MAX, 0, 0},
    {"externalId", NF_STRING, true, "id of the contact in the other system, its key from now on",
     NULL, ID, 0, 0},
    {"firstName", NF_TEXT, false, "first name", NULL, 64, 0, 0},
    {"lastName", NF_TEXT, false, "last name", NULL, 64, 0, 0},
    {"displayName", NF_TEXT, false, "display name", NULL, 256, 0, 0},
    {"initials", NF_TEXT, false, "initials", NULL, 16, 0, 0},
    {"company", NF_TEXT, false, "company", NULL, 64, 0, 0},
    {"department", NF_TEXT, false, "department", NULL, 64, 0, 0},
    {"jobTitle", NF_TEXT, false, "job title", NULL, ID, 0, 0},
    {"userPrincipalName", NF_TEXT, false, "UPN of the contact", NULL, ID, 0, 0},
    {"imAddresses", NF_LIST, false, "instant messaging addresses", contact_address,
     CONTACT_ADDRESSES, 0, 0},
    {"emailAddresses", NF_LIST, false, "e-mail addresses", contact_address, CONTACT_ADDRESSES, 0,
     0},
    {"businessPhones", NF_LIST, false, "business telephone numbers", contact_phone,
     CONTACT_ADDRESSES, 0, 0},
    {"mobilePhones", NF_LIST, false, "mobile telephone numbers", contact_phone, CONTACT_ADDRESSES,
     0, 0},
    {"homePhones", NF_LIST, false, "private telephone numbers", contact_phone, CONTACT_ADDRESSES, 0,
     0},
    {"addresses", NF_LIST, false, "postal addresses", contact_place, CONTACT_ADDRESSES, 0, 0},
    {"customFields", NF_NAMED, false, "custom fields, name to value", contact_field, CONTACT_FIELDS,
     0, 0},
    {0},
};

const nf_param nf_params_entry[] = {
    {"SchedulerEntryID", NF_STRING, true,
     "id of the entry: schedulerEntryId of its event or of the answer that created it", NULL,
     NF_ID_MAX, 0, 0},
    {"dueDateTimeUtc", NF_TIME, true,
     "when: UTC like 2020-03-23T11:00:00Z, or seconds since 1970 like time.now() + 600", NULL, 0, 0,
     0},
    {"serviceUpn", NF_UPN, true, "UPN of the service that calls", NULL, 0, 0, 0},
    {"destination", NF_STRING, true, "whom to call: a telephone number or a UPN", NULL, 0, 0, 0},
    {"ReferenceId", NF_TEXT, false, "an id of another system, handed through", NULL, 0, 0, 0},
    {"distributionPriority", NF_STRING, false, "a value of nimbus.lookups.scheduler_priorities()",
     NULL, 0, 0, 0},
    {"maxAttempts", NF_INTEGER, false, "attempts to reach the destination; Nimbus takes 1", NULL, 0,
     1, 10},
    {"attemptTimeoutInSeconds", NF_INTEGER, false, "how long one attempt lasts; Nimbus takes 3600",
     NULL, 0, 30, 86400},
    {"maxQueueTimeInSeconds", NF_INTEGER, false,
     "how long a user is looked for until the entry ends; Nimbus takes 300", NULL, 0, 5, 3600},
    {"ronaTimeoutInSeconds", NF_INTEGER, false, "how long it rings at one user; Nimbus takes 20",
     NULL, 0, 5, 30},
    {"customCallContextParameters", NF_NAMED, false,
     "custom context parameters of the call, id to value", nf_fields_parameter, 0, 0, 0},
    {"customer", NF_OBJECT, false, "the customer", nf_fields_customer, 0, 0, 0},
    {0},
};

const nf_param nf_params_outbound[] = {
    {"SchedulerEntryID", NF_STRING, true,
     "id of the entry: schedulerEntryId of its event or of the answer that created it", NULL,
     NF_ID_MAX, 0, 0},
    {"dueDateTimeUtc", NF_TIME, true,
     "when: UTC like 2020-03-23T11:00:00Z, or seconds since 1970 like time.now() + 600", NULL, 0, 0,
     0},
    {"serviceUpn", NF_UPN, true, "UPN of the service that calls", NULL, 0, 0, 0},
    {"destination", NF_STRING, true, "whom to call: a telephone number or a UPN", NULL, 0, 0, 0},
    {"ReferenceId", NF_TEXT, false, "an id of another system, handed through", NULL, 0, 0, 0},
    {"maxAttempts", NF_INTEGER, false, "attempts to reach the destination; Nimbus takes 1", NULL, 0,
     1, 10},
    {"attemptTimeoutInSeconds", NF_INTEGER, false, "how long one attempt lasts; Nimbus takes 3600",
     NULL, 0, 30, 86400},
    {"customCallContextParameters", NF_NAMED, false,
     "custom context parameters of the call, id to value", nf_fields_parameter, 0, 0, 0},
    {"customer", NF_OBJECT, false, "the customer", nf_fields_customer, 0, 0, 0},
    {0},
};
