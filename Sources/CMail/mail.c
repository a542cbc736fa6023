#include "CMail.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *next;
    size_t remaining;
} unread;

static size_t read_message(char *buffer, size_t size, size_t count, void *context) {
    unread *message = context;
    size_t bytes = size * count < message->remaining ? size * count : message->remaining;
    memcpy(buffer, message->next, bytes);
    message->next += bytes;
    message->remaining -= bytes;
    return bytes;
}

void dattss_mail_prepare(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

int dattss_mail_send(const dattss_mail *mail, char *problem, size_t problem_bytes) {
    char detail[CURL_ERROR_SIZE] = "";
    unread message = {mail->message, mail->message_bytes};
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
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
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
