// A Kaluma program that knows nothing of the stack below it: sends each client 100 KB, a kilobyte whenever there is room.
const net = require('net');

const server = net.createServer((socket) => {
  let left = 100;
  const more = () => {
    if (left-- > 0) socket.write(String.fromCharCode(97 + (left % 26)).repeat(1024));
    else socket.end();
  };
  socket.on('drain', more);
  more();
});

server.listen(19);
