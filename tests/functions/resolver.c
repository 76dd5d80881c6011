/* A resolver that needs no network: names that end in .test lead to this machine, all others go on to libc's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

static const char *known(const char *name) {
    size_t length = name ? strlen(name) : 0;
    if (length > 0 && name[length - 1] == '.') length--;
    return length >= 5 && strncasecmp(name + length - 5, ".test", 5) == 0 ? "127.0.0.1" : name;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    return next(known(name), service, hints, found);
}

struct hostent *gethostbyname(const char *name) {
    struct hostent *(*next)(const char *) = dlsym(RTLD_NEXT, "gethostbyname");
    return next(known(name));
}

struct hostent *gethostbyname2(const char *name, int family) {
    struct hostent *(*next)(const char *, int) = dlsym(RTLD_NEXT, "gethostbyname2");
    return next(known(name), family);
}

int gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size, struct hostent **result, int *error) {
    int (*next)(const char *, struct hostent *, char *, size_t, struct hostent **, int *) = dlsym(RTLD_NEXT, "gethostbyname_r");
    return next(known(name), host, buffer, size, result, error);
}

int gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer, size_t size, struct hostent **result, int *error) {
    int (*next)(const char *, int, struct hostent *, char *, size_t, struct hostent **, int *) = dlsym(RTLD_NEXT, "gethostbyname2_r");
    return next(known(name), family, host, buffer, size, result, error);
}
