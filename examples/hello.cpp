// hello: the server of `dialtone demo`. A plain program on plain sockets; it knows nothing of
// Dialtone. `hello [--bind IP] PORT` serves, `hello --get IP PORT` asks once.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

static int fail(const char* what) { return std::perror(what), 1; }

static int get(const sockaddr* to) {
    char text[512];
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, to, sizeof(sockaddr_in)) < 0) return fail("connect");
    if (send(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0) < 0) return fail("send");
    shutdown(fd, SHUT_WR);  // asked: the server waits for that before it closes
    for (ssize_t n; (n = recv(fd, text, sizeof text, 0)) > 0;) fwrite(text, 1, size_t(n), stdout);
    return close(fd);
}

int main(int argc, char** argv) {
    const bool asks = argc > 3 && std::strcmp(argv[1], "--get") == 0;
    const bool binds = argc > 3 && std::strcmp(argv[1], "--bind") == 0;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if ((asks || binds) && inet_pton(AF_INET, argv[2], &address.sin_addr) != 1) return 2;
    const int port = argc > 1 ? std::atoi(argv[argc - 1]) : 0;
    if (port < 1 || port > 65535) return std::fputs("usage: hello [--bind IP] PORT\n", stderr), 2;
    address.sin_port = htons(static_cast<in_port_t>(port));
    const auto* here = reinterpret_cast<const sockaddr*>(&address);
    if (asks) return get(here);

    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, here, sizeof address) < 0) return fail("bind");
    if (listen(listener, 5) < 0) return fail("listen");
    for (int fd; (fd = accept(listener, nullptr, nullptr)) >= 0; close(fd)) {
        const char* answer =
            "HTTP/1.0 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\nhello from "
            "dialtone\n";
        char request[4096];
        if (recv(fd, request, sizeof request, 0) <= 0) continue;
        send(fd, answer, std::strlen(answer), MSG_NOSIGNAL);
        while (recv(fd, request, sizeof request, 0) > 0) continue;  // until the client has closed
    }
    return fail("accept");
}
