// A web server and its client with node's own event loop.   web.js serve PORT [ADDRESS] | web.js get HOST PORT PATH FILE
const fs = require('fs');
const http = require('http');

const [, , word, ...rest] = process.argv;
if (word === 'serve') {
    const server = http.createServer((request, answer) => {
        fs.createReadStream('.' + request.url).on('error', () => { answer.statusCode = 404; answer.end(); }).pipe(answer);
    });
    server.listen(Number(rest[0]), rest[1] || '0.0.0.0');
} else {
    const [host, port, path, file] = rest;
    http.get({host, port, path, agent: false}, (answer) => {
        if (answer.statusCode !== 200) { console.error('status', answer.statusCode); process.exit(1); }
        answer.pipe(fs.createWriteStream(file)).on('finish', () => process.exit(0));
    }).on('error', (error) => { console.error(error.message); process.exit(1); });
}
