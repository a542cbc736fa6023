#ifndef CCURL_MAIL_H
#define CCURL_MAIL_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

// One mail to one address over SMTP, by libcurl, whose options are variadic in C and so out of Swift's reach.
typedef struct {
    const char *url;            // smtp://host:port or smtps://host:port
    const char *user;           // NULL: no authentication
    const char *password;
    const char *authority_file; // certificates to trust instead of the system's; NULL: the system's
    int requires_tls;           // STARTTLS or nothing, for smtp://
    const char *from;
    const char *to;
    const char *message;        // RFC 5322, lines ended by CR LF
    size_t message_bytes;
    long timeout_seconds;
} dattss_mail;

typedef struct {
    const char *next;
    size_t remaining;
} dattss_mail_unread;

static inline size_t dattss_mail_read(char *buffer, size_t size, size_t count, void *context) {
    dattss_mail_unread *message = context;
    size_t bytes = size * count < message->remaining ? size * count : message->remaining;
    memcpy(buffer, message->next, bytes);
    message->next += bytes;
    message->remaining -= bytes;
    return bytes;
}

// Once, before the first mail and before there are other threads.
static inline void dattss_mail_prepare(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

// Blocks until the mail is handed over. Returns 0, or the code of libcurl, with a text in `problem`.
static inline int dattss_mail_send(const dattss_mail *mail, char *problem, size_t problem_bytes) {
    char detail[CURL_ERROR_SIZE] = "";
    dattss_mail_unread message = {mail->message, mail->message_bytes};
    struct curl_slist *recipients = curl_slist_append(NULL, mail->to);
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (curl && recipients) {
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
        curl_easy_setopt(curl, CURLOPT_URL, mail->url);
        // Whatever the URL says, nothing but mail is sent.
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        if (mail->user) curl_easy_setopt(curl, CURLOPT_USERNAME, mail->user);
        if (mail->password) curl_easy_setopt(curl, CURLOPT_PASSWORD, mail->password);
        if (mail->authority_file) curl_easy_setopt(curl, CURLOPT_CAINFO, mail->authority_file);
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(mail->requires_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail->from);
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, dattss_mail_read);
        curl_easy_setopt(curl, CURLOPT_READDATA, &message);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->message_bytes);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, mail->timeout_seconds);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, mail->timeout_seconds);
        code = curl_easy_perform(curl);
    }
    if (code != CURLE_OK) snprintf(problem, problem_bytes, "%s", detail[0] ? detail : curl_easy_strerror(code));
    curl_easy_cleanup(curl);
    curl_slist_free_all(recipients);
    return (int)code;
}

#endif
