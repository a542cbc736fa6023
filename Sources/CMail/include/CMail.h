#ifndef DATTSS_CMAIL_H
#define DATTSS_CMAIL_H

#include <stddef.h>

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

// Once, before the first mail and before there are other threads.
void dattss_mail_prepare(void);

// Blocks until the mail is handed over. Returns 0, or the code of libcurl, with a text in `problem`.
int dattss_mail_send(const dattss_mail *mail, char *problem, size_t problem_bytes);

#endif
