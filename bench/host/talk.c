// The two ends that bench/through_host.py and bench/over_tap.py time, with plain blocking calls.
//   talk serve PORT         on PORT + 1 it closes each connection at once
//   talk bulk|pull|ping|connect ADDRESS PORT SECONDS
// Prints Gbit/s out or in, microseconds a round trip (median, and the 99th of 100), connections a
// second.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { block = 65536, most_rounds = 4000000 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char* what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

// Answers each octet of a ping; swallows a bulk, and says at its end how much that was; is a source
// without end.
static void* serve_one(void* argument) {
    int fd = (int)(long)argument;
    char kind = 0;
    unsigned long long total = 0;
    char* room = malloc(block);
    if (read(fd, &kind, 1) == 1 && kind == 'p') {
        while (read(fd, room, 1) == 1 && write(fd, room, 1) == 1) continue;
    } else if (kind == 'b') {
        for (ssize_t n; (n = read(fd, room, block)) > 0;) total += (unsigned long long)n;
        if (write(fd, &total, sizeof total) != sizeof total) perror("write");
    } else if (kind == 's') {
        memset(room, 0, block);
        while (write(fd, room, block) > 0) continue;
    }
    free(room);
    close(fd);
    return NULL;
}

static int make_socket(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) fail("socket");
    // The same on all sides: a kernel whose default is BBR paces. One that does not let us keeps
    // its own.
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    return fd;
}

static int listen_on(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int one = 1, listener = make_socket();
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr*)&at, sizeof at) != 0) fail("bind");
    if (listen(listener, 128) != 0) fail("listen");
    return listener;
}

static void* hang_up(void* argument) {
    int listener = (int)(long)argument;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) fail("accept");
        close(fd);
    }
    return NULL;
}

static void serve(int port) {
    int one = 1, listener = listen_on(port);
    pthread_t closer;
    if (pthread_create(&closer, NULL, hang_up, (void*)(long)listen_on(port + 1)) != 0)
        fail("pthread_create");
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) fail("accept");
        pthread_t thread;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (pthread_create(&thread, NULL, serve_one, (void*)(long)fd) != 0) fail("pthread_create");
        pthread_detach(thread);
    }
}

static int call(const struct sockaddr_in* to) {
    int fd = make_socket();
    if (connect(fd, (const struct sockaddr*)to, sizeof *to) != 0) fail("connect");
    return fd;
}

static double bulk(const struct sockaddr_in* to, double seconds) {
    int fd = call(to);
    char* text = calloc(1, block);
    unsigned long long total = 0;
    if (write(fd, "b", 1) != 1) fail("write");
    double began = now();
    while (now() - began < seconds)
        if (write(fd, text, block) < 0) fail("write");
    shutdown(fd, SHUT_WR);
    if (read(fd, &total, sizeof total) != sizeof total) fail("read");
    double took = now() - began;
    free(text);
    close(fd);
    return (double)total * 8e-9 / took;
}

// What comes in the first fifth of a second, while windows open, is not counted.
static double pull(const struct sockaddr_in* to, double seconds) {
    int fd = call(to);
    char* text = malloc(block);
    unsigned long long total = 0;
    if (write(fd, "s", 1) != 1) fail("write");
    double began = now(), counted = began + 0.2, t = began;
    while (t - counted < seconds) {
        ssize_t n = read(fd, text, block);
        if (n <= 0) fail("read");
        t = now();
        if (t < counted) continue;
        total += (unsigned long long)n;
    }
    free(text);
    close(fd);
    return (double)total * 8e-9 / (t - counted);
}

static int compare(const void* a, const void* b) {
    float x = *(const float*)a, y = *(const float*)b;
    return (x > y) - (x < y);
}

static double ping(const struct sockaddr_in* to, double seconds, double* late) {
    int one = 1, fd = call(to);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    float* took = malloc(most_rounds * sizeof *took);
    size_t count = 0;
    char octet = 'x';
    if (write(fd, "p", 1) != 1) fail("write");
    for (double began = now(), t = began; t - began < seconds && count < most_rounds;) {
        if (write(fd, &octet, 1) != 1 || read(fd, &octet, 1) != 1) fail("ping");
        double after = now();
        took[count++] = (float)((after - t) * 1e6);
        t = after;
    }
    qsort(took, count, sizeof *took, compare);
    double median = took[count / 2];
    *late = took[count - count / 100 - 1];
    free(took);
    close(fd);
    return median;
}

// Waits for the end of each, so that the accept queue never fills.
static double connects(struct sockaddr_in to, double seconds) {
    long count = 0;
    double began = now();
    to.sin_port = htons((unsigned short)(ntohs(to.sin_port) + 1));
    for (; now() - began < seconds; ++count) {
        char octet = 0;
        int fd = call(&to);
        if (read(fd, &octet, 1) != 0) fail("read");
        close(fd);
    }
    return (double)count / (now() - began);
}

int main(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "serve") == 0) serve(atoi(argv[2]));
    if (argc != 5) return 2;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)atoi(argv[3]))};
    if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) return 2;
    double seconds = atof(argv[4]), result = 0, late = 0;
    if (strcmp(argv[1], "bulk") == 0) result = bulk(&to, seconds);
    if (strcmp(argv[1], "pull") == 0) result = pull(&to, seconds);
    if (strcmp(argv[1], "ping") == 0) result = ping(&to, seconds, &late);
    if (strcmp(argv[1], "connect") == 0) result = connects(to, seconds);
    printf(late > 0 ? "%.3f %.3f\n" : "%.3f\n", result, late);
    return 0;
}
