// A Kaluma program that knows nothing of the stack below it: echoes what clients send, and says who they are.
const net = require('net');

const server = net.createServer((socket) => {
  console.log(`connection from ${socket.remoteAddress}:${socket.remotePort}`);
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('end', () => socket.end());
  socket.on('close', () => console.log('connection closed'));
});

server.listen(7, () => console.log('echo server on port 7'));
