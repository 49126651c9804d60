# Accepts and closes for ever.
import socket

listener = socket.create_server(("0.0.0.0", 8080), backlog=4096)
while True:
    connection, _ = listener.accept()
    connection.close()
