#ifndef CCURL_HTTP_H
#define CCURL_HTTP_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// One HTTP request that leaves the server, by libcurl, whose options are variadic in C and so out of Swift's reach.
typedef struct {
    const char *method;         // POST, PUT or GET
    const char *url;            // http:// or https://
    const char *const *headers; // "Name: value", ended by NULL
    const char *body;
    size_t body_bytes;
    long timeout_seconds;
    const char *authority_file; // certificates of whoever vouches for the other side; NULL for those of the system
    // Whether a connection may go to an address. Asked with the very address that is about to be connected to, after names were
    // resolved: what a name says later is never used.
    int (*may_connect)(void *context, const struct sockaddr *address, socklen_t length);
    void *context;
} dattss_http;

typedef struct {
    long status;
    int was_refused; // by may_connect
    char body[512];  // the beginning of the answer
    size_t body_bytes;
} dattss_http_answer;

typedef struct {
    const dattss_http *request;
    dattss_http_answer *answer;
} dattss_http_exchange;

static inline curl_socket_t dattss_http_open(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    dattss_http_exchange *exchange = context;
    (void)purpose;
    if (!exchange->request->may_connect(exchange->request->context, &address->addr, address->addrlen)) {
        exchange->answer->was_refused = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static inline size_t dattss_http_write(char *bytes, size_t size, size_t count, void *context) {
    dattss_http_answer *answer = context;
    size_t room = sizeof answer->body - answer->body_bytes;
    size_t kept = size * count < room ? size * count : room;
    memcpy(answer->body + answer->body_bytes, bytes, kept);
    answer->body_bytes += kept;
    // An answer without an end is cut off: its status is known.
    return kept == size * count ? kept : 0;
}

// Blocks until the answer is there. Returns 0, or the code of libcurl, with a text in `problem`.
static inline int dattss_http_send(
    const dattss_http *request, dattss_http_answer *answer, char *problem, size_t problem_bytes) {
    char detail[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    dattss_http_exchange exchange = {request, answer};
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    memset(answer, 0, sizeof *answer);
    for (const char *const *header = request->headers; *header; header++) headers = curl_slist_append(headers, *header);
    // No "100 Continue" is waited for.
    headers = curl_slist_append(headers, "Expect:");
    if (curl && headers) {
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
        curl_easy_setopt(curl, CURLOPT_URL, request->url);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        if (request->authority_file) curl_easy_setopt(curl, CURLOPT_CAINFO, request->authority_file);
        // A redirect is an answer like any other, and no proxy stands between the check of the address and the connection.
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, dattss_http_open);
        curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &exchange);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
        if (request->body_bytes > 0 || strcmp(request->method, "GET") != 0) {
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
        }
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "dattss");
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, dattss_http_write);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, request->timeout_seconds);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, request->timeout_seconds);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
        // The beginning of a long answer is enough.
        if (code == CURLE_WRITE_ERROR && answer->status > 0) code = CURLE_OK;
    }
    if (code != CURLE_OK) snprintf(problem, problem_bytes, "%s", detail[0] ? detail : curl_easy_strerror(code));
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return (int)code;
}

#endif
