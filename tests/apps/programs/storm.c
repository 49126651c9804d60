// Blocking connects to a listener under a 100 us interval timer whose handler restarts calls (SA_RESTART).
//   storm ADDRESS PORT ROUNDS SECONDS
// Prints `rounds N errors E signals S leaked D`; stops earlier when the seconds are over. Exit 0 without error and leak.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void on_alarm(int number) {
    (void)number;
    ++signals;
}

static int open_descriptors(void) {
    DIR* folder = opendir("/proc/self/fd");
    int count = 0;
    while (folder != NULL && readdir(folder) != NULL) ++count;
    if (folder != NULL) closedir(folder);
    return count;
}

static void set_timer(long microseconds) {
    struct itimerval every = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &every, NULL);
}

static int one_round(const struct sockaddr_in* address) {
    int errors = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        printf("socket: %s\n", strerror(errno));
        return 1;
    }
    if (connect(fd, (const struct sockaddr*)address, sizeof *address) != 0) {
        printf("connect: %s\n", strerror(errno));
        ++errors;
    }
    close(fd);
    return errors;
}

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) return 2;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    int before = open_descriptors();
    time_t end = time(NULL) + atoi(argv[4]);
    int rounds = 0, errors = 0;
    set_timer(100);
    for (; rounds < atoi(argv[3]) && errors < 20 && time(NULL) < end; ++rounds) errors += one_round(&address);
    set_timer(0);
    int leaked = open_descriptors() - before;
    printf("rounds %d errors %d signals %d leaked %d\n", rounds, errors, (int)signals, leaked);
    return errors == 0 && leaked == 0 ? 0 : 1;
}
