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

typedef struct hostent Host;
typedef const struct addrinfo *Hints;

/* The function of this name that comes after ours. */
#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

int getaddrinfo(const char *name, const char *service, Hints hints, struct addrinfo **found) {
    return NEXT(getaddrinfo)(known(name), service, hints, found);
}

Host *gethostbyname(const char *name) {
    return NEXT(gethostbyname)(known(name));
}

Host *gethostbyname2(const char *name, int family) {
    return NEXT(gethostbyname2)(known(name), family);
}

int gethostbyname_r(const char *name, Host *host, char *buffer, size_t size, Host **result, int *error) {
    return NEXT(gethostbyname_r)(known(name), host, buffer, size, result, error);
}

int gethostbyname2_r(const char *name, int family, Host *host, char *buffer, size_t size, Host **result, int *error) {
    return NEXT(gethostbyname2_r)(known(name), family, host, buffer, size, result, error);
}
