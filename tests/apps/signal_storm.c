/* socket() and a blocking connect() under a timer signal with SA_RESTART every 100 us: no call may
 * fail, no descriptor may be left. Usage: signal_storm ADDRESS PORT ROUNDS */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t signals_seen;

static void on_signal(int number) {
    (void)number;
    signals_seen++;
}

static void storm(long microseconds) {
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static int open_descriptors(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL) closedir(folder);
    return count;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    struct sockaddr_in to;
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons((unsigned short)atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) return 2;
    const int rounds = atoi(argv[3]);

    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);

    const int before = open_descriptors();
    int errors = 0;
    storm(100);
    for (int i = 0; i < rounds; i++) {
        const int s = socket(AF_INET, SOCK_STREAM, 0);
        if (s < 0) {
            fprintf(stderr, "socket: %s\n", strerror(errno));
            errors++;
            continue;
        }
        if (connect(s, (struct sockaddr *)&to, sizeof to) != 0) {
            fprintf(stderr, "connect: %s\n", strerror(errno));
            errors++;
        }
        close(s);
    }
    storm(0);
    const int leaked = open_descriptors() - before;
    printf("rounds %d errors %d leaked %d signals %ld\n", rounds, errors, leaked,
           (long)signals_seen);
    return errors != 0 || leaked != 0 || signals_seen < 10;
}
