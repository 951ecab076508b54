// A Kaluma program for the Pico W: opens a network of its own and serves a page to who comes.
const { WiFi } = require('wifi');
const http = require('http');

const wifi = new WiFi();
const network = { ssid: 'garden', password: 'sunflowers', gateway: '10.3.0.1' };

wifi.wifiApMode(network, (error) => {
  console.log(error ? `no network: ${error.message}` : 'the garden is open');
});

http
  .createServer((req, res) => {
    res.writeHead(200, 'OK', {});
    res.end(`guests: ${wifi.getWifiApClients().join(' ')}`);
    if (req.url === '/close') setTimeout(() => wifi.disableWifiApMode(), 500);
  })
  .listen(80);
