/* SPDX-License-Identifier: Apache-2.0 */
/* event_fields.c: see nf/fields.h: what events of tasks and of scheduler entries both have. */
#include "nf/fields.h"

#define TEXT(name, doc)                                                                            \
    {                                                                                              \
        name, NF_STRING, false, doc, NULL, 0, 0, 0                                                 \
    }

const nf_param nf_fields_event_pair[] = {TEXT("name", "designation"), TEXT("value", "value"), {0}};

const nf_param nf_fields_event_customer[] = {
    TEXT("firstName", "first name"),
    TEXT("lastName", "last name"),
    TEXT("displayName", "display name"),
    TEXT("company", "company"),
    TEXT("jobTitle", "job title"),
    TEXT("department", "department"),
    TEXT("streetAddress", "street and number"),
    TEXT("postCode", "postcode"),
    TEXT("city", "city"),
    TEXT("state", "state"),
    TEXT("country", "country"),
    TEXT("primaryTelNumber", "primary telephone number"),
    {"telNumbers", NF_LIST, false, "additional telephone numbers", nf_fields_event_pair, 0, 0, 0},
    TEXT("UPN", "user principal name"),
    TEXT("imAddress", "instant messaging address"),
    TEXT("email", "e-mail address"),
    {"customFields", NF_LIST, false, "custom fields", nf_fields_event_pair, 0, 0, 0},
    {0},
};
