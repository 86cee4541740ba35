/* SPDX-License-Identifier: Apache-2.0 */
/* load_event.c: the notifications, the address list behind them, and what an update must look like.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

static const char template[] =
    "{\"taskId\":\"00000000-0000-4000-8000-%012llu\",\"callChainId\":\"3f0c7a52-1f6e-4f0e-9a54-%"
    "012llu\","
    "\"tenantId\":\"7d1f7e52-30a4-4f3e-b1a0-5a9d6b0f2c33\",\"event\":\"SystemAccepted\","
    "\"direction\":\"Inbound\","
    "\"modality\":\"Audio\",\"created\":\"2026-11-22T20:06:04.123Z\",\"terminated\":null,"
    "\"lastConnectedUserId\":\"c5b0a1d2-9e8f-47c6-8b5a-4d3c2b1a0f9e\","
    "\"LastConnectedUserUPN\":\"agent.seven@contoso.example\",\"LastConnectedUserEmail\":\"agent."
    "seven@contoso.example\","
    "\"microsoftCallerId\":null,\"referenceId\":\"REF-2026-%06llu\",\"callerId\":\"%s\","
    "\"callerTelNumber\":\"%s\","
    "\"callerUPN\":null,\"microsoftDestinationId\":null,\"destinationId\":null,"
    "\"destinationTelNumber\":\"+41445556677\","
    "\"destinationUPN\":null,\"acsId\":null,\"isAnonymous\":false,\"customerIdentifier\":\"%s\","
    "\"initialMessage\":null,"
    "\"serviceId\":\"b2a1c0d9-e8f7-4654-9321-0fedcba98765\",\"serviceName\":\"Support Hotline\","
    "\"serviceDescription\":\"First level support of the customer service centre\","
    "\"serviceDisplayName\":\"Support Hotline "
    "Z\xc3\xbcrich\",\"serviceUPN\":\"support@contoso.example\","
    "\"serviceTelNumber\":\"+41445556677\",\"emailSubject\":null,\"emailBodyUniqueRichText\":null,"
    "\"emailBodyUniquePlainText\":null,\"emailServiceMailboxUPN\":null,\"outboundAttempt\":0,"
    "\"updatedParameterName\":null,\"updatedParameterValue\":null,\"taskInformation\":{"
    "\"customer\":{\"firstName\":null,"
    "\"lastName\":null,\"customFields\":[]},\"customContextParameters\":[{\"name\":\"language\","
    "\"value\":\"de-CH\"},"
    "{\"name\":\"menuChoice\",\"value\":\"2\"}],\"preferredUsers\":[]}}";

/* Who calls in event `number`: neighbours in time are far apart in the list. */
static unsigned caller_of(uint64_t number)
{
    return (unsigned)(number * 7919 % CALLERS);
}

static void number_of(unsigned caller, char out[16])
{
    snprintf(out, 16, "+4179%07u", 1000000 + caller * 997);
}

size_t event_body(uint64_t number, char *out)
{
    char tel[16];
    unsigned long long n = number;
    number_of(caller_of(number), tel);
    return (size_t)snprintf(out, 4096, template, n, n, n % 1000000, tel, tel, tel);
}

/* Is "name":"value" in the body? Blanks after the colon are allowed. */
static bool has_member(const char *body, size_t len, const char *name, const char *value)
{
    const char *at = memmem(body, len, name, strlen(name));
    if (!at)
        return false;
    at += strlen(name);
    while (at < body + len && (*at == ':' || *at == ' '))
        at++;
    size_t size = strlen(value);
    return (size_t)(body + len - at) >= size && memcmp(at, value, size) == 0;
}

bool event_update_fits(uint64_t number, const char *body, size_t len)
{
    char first[32], last[32];
    unsigned caller = caller_of(number);
    snprintf(first, sizeof first, "\"First%04u\"", caller);
    snprintf(last, sizeof last, "\"Last%04u\"", caller);
    return has_member(body, len, "\"firstName\"", first)
           && has_member(body, len, "\"lastName\"", last);
}

uint64_t event_number(const char *id, size_t len)
{
    static const char lead[] = "00000000-0000-4000-8000-";
    if (len != 36 || memcmp(id, lead, sizeof lead - 1) != 0)
        return UINT64_MAX;
    return strtoull(id + sizeof lead - 1, NULL, 10);
}

void event_write_list(FILE *out)
{
    fprintf(out, "FirstName;LastName;Company;Department;Email;MobilePhone;VIP\n");
    for (unsigned i = 0; i < CALLERS; i++) {
        char tel[16];
        number_of(i, tel);
        fprintf(out,
                "First%04u;Last%04u;Company %u;Department %u;first%04u@company.example;%.3s %.2s "
                "%.3s %.2s %.2s;%s\n",
                i, i, i / 10, i % 7, i, tel, tel + 3, tel + 5, tel + 8, tel + 10,
                i % 10 ? "false" : "true");
    }
}
