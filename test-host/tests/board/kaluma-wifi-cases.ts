// What Kaluma's `wifi` does over a device that only writes down what it is asked: programs with the notes they take, for the
// simulated board and for Kaluma itself.

import type { ModuleCase } from './kaluma-module-cases.js';

/** Calls are answered at once: with 0, or with what `fails` says of them. */
export const WIFI_DEVICE = `
var log = [], fails = {}, connection = null;
function note(text) { return function () { log.push(text); }; }
function told(name) {
  return function (error, result) { log.push(name + ' ' + (error || typeof error) + ' ' + JSON.stringify(result)); };
}
function call(name, info, done, result) {
  log.push(name + (info === undefined ? '' : ' ' + JSON.stringify(info)));
  dev.errno = fails[name] || 0;
  done(fails[name] ? -1 : 0, result);
}
var dev = global.__ieee80211dev = {
  errno: 0,
  reset: function (done) { call('reset', undefined, done); },
  scan: function (done) { call('scan', undefined, done, [{ ssid: 'a' }]); },
  connect: function (info, done) { call('connect', info, done); },
  disconnect: function (done) { call('disconnect', undefined, done); },
  get_connection: function (done) { call('get_connection', undefined, done, connection); },
};
var WiFi = require('wifi').WiFi, wifi = new WiFi();
wifi.on('associated', note('associated')).on('connected', note('connected')).on('disconnected', note('disconnected'));
`;

const HOME = '{ ssid: "home", password: "secret12" }';
const HOME_TEXT = '{"ssid":"home","password":"secret12","security":null}';

export const WIFI_CASES: ModuleCase[] = [
  {
    name: 'emits what the device tells',
    program: '',
    steps: [
      {
        code: 'dev.assoc_cb(); dev.connect_cb(); dev.disconnect_cb();',
        notes: ['associated', 'connected', 'disconnected'],
      },
    ],
  },
  {
    name: 'asks the device, and answers with what it says',
    program: '',
    steps: [
      { code: 'wifi.reset(told("R"));', notes: ['reset', 'R object undefined'] },
      { code: 'wifi.scan(told("S"));', notes: ['scan', 'S object [{"ssid":"a"}]'] },
      { code: 'wifi.disconnect(told("D"));', notes: ['disconnect', 'D undefined undefined'] },
      { code: 'wifi.getConnection(told("G"));', notes: ['get_connection', 'G object null'] },
      {
        code: 'connection = { ssid: "x", bssid: "y" }; wifi.getConnection(told("G"));',
        notes: ['get_connection', 'G object {"ssid":"x","bssid":"y"}'],
      },
      {
        code: 'wifi.reset(); wifi.scan(); wifi.disconnect(); wifi.getConnection();',
        notes: ['reset', 'scan', 'disconnect', 'get_connection'],
      },
    ],
  },
  {
    name: 'answers with errors of the device’s number',
    program:
      'fails = { reset: 110, scan: 100, disconnect: 6, get_connection: 22 }; function e(f) { wifi[f](function (error) { log.push(f + ": " + error.message + " " + error.errno + " " + (error instanceof SystemError)); }); }',
    steps: [
      { code: 'e("reset");', notes: ['reset', 'reset: Connection timed out -110 true'] },
      { code: 'e("scan");', notes: ['scan', 'scan: Network is down -100 true'] },
      { code: 'e("disconnect");', notes: ['disconnect', 'disconnect: No such device or address -6 true'] },
      {
        code: 'e("getConnection");',
        notes: ['get_connection', 'getConnection: Invalid argument -22 true'],
      },
    ],
  },
  {
    name: 'connects where there is no connection yet',
    program: '',
    steps: [
      {
        code: `wifi.connect(${HOME}, told("C"));`,
        notes: ['get_connection', `connect ${HOME_TEXT}`, `C object ${HOME_TEXT}`],
      },
      {
        code: `connection = { ssid: "x", bssid: "y" }; wifi.connect(${HOME}, told("C"));`,
        notes: ['get_connection', 'C object {"ssid":"x","bssid":"y"}'],
      },
      {
        code: 'wifi.connect({ ssid: "home", password: "secret12", security: "WPA2_PSK", enforce: true }, told("C"));',
        notes: [
          'connect {"ssid":"home","password":"secret12","security":"WPA2_PSK","enforce":true}',
          'C object {"ssid":"home","password":"secret12","security":"WPA2_PSK","enforce":true}',
        ],
      },
      {
        code: `connection = null; fails.connect = 13; wifi.connect(${HOME}, function (error) { log.push(error.message); });`,
        notes: ['get_connection', `connect ${HOME_TEXT}`, 'Permission denied'],
      },
      {
        code: `fails.get_connection = 6; wifi.connect(${HOME}, function (error) { log.push(error.message); });`,
        notes: ['get_connection', 'No such device or address'],
      },
      { code: `fails = {}; wifi.connect(${HOME});`, notes: ['get_connection', `connect ${HOME_TEXT}`] },
    ],
  },
  {
    name: 'finds the network in the storage',
    program: 'storage.clear();',
    steps: [
      { code: 'wifi.connect(told("C"));', notes: ['C Error: WIFI SSID is required undefined'] },
      { code: 'wifi.connect();', notes: [] },
      {
        code: 'storage.setItem("WIFI_SSID", "home"); storage.setItem("WIFI_PASSWORD", "secret12"); wifi.connect(told("C"));',
        notes: [
          'get_connection',
          'connect {"enforce":false,"ssid":"home","password":"secret12","security":null}',
          'C object {"enforce":false,"ssid":"home","password":"secret12","security":null}',
        ],
      },
      {
        code: 'storage.setItem("WIFI_SECURITY", "WPA2_PSK"); wifi.connect({ ssid: "other" }); storage.clear();',
        notes: ['get_connection', 'connect {"ssid":"other","password":"secret12","security":"WPA2_PSK"}'],
      },
    ],
  },
  {
    name: 'is no access point over a device that cannot be one',
    program: '',
    steps: [
      {
        code: 'wifi.wifiApMode({ ssid: "garden" }, function (error) { log.push(error.message); });',
        notes: ['No such device or address'],
      },
      {
        code: 'log.push(wifi.disableWifiApMode() + " " + wifi.getWifiApClients());',
        notes: ['undefined undefined'],
      },
    ],
  },
  {
    name: 'is an access point over one that can',
    program:
      'storage.clear(); dev.ap_mode = function (info, done) { call("ap", info, done); }; dev.disable_ap_mode = function () { return 7; }; dev.get_ap_client = function () { return ["m"]; };',
    steps: [
      {
        code: 'wifi.wifiApMode(told("A"));',
        notes: [
          'ap {"ssid":"Kaluma_AP","password":"kalumaAp","gateway":"192.168.4.1","subnet_mask":"255.255.255.0"}',
          'A object {"ssid":"Kaluma_AP","password":"kalumaAp","gateway":"192.168.4.1","subnet_mask":"255.255.255.0"}',
        ],
      },
      {
        code: 'wifi.wifiApMode({ ssid: "garden", gateway: "10.3.0.1" }, told("A"));',
        notes: [
          'ap {"ssid":"garden","gateway":"10.3.0.1","password":null,"subnet_mask":null}',
          'A object {"ssid":"garden","gateway":"10.3.0.1","password":null,"subnet_mask":null}',
        ],
      },
      {
        code: 'fails.ap = 22; wifi.wifiApMode({ ssid: "garden" }, function (error) { log.push(error.message); });',
        notes: ['ap {"ssid":"garden","password":null,"gateway":null,"subnet_mask":null}', 'Invalid argument'],
      },
      { code: 'log.push(wifi.disableWifiApMode() + " " + wifi.getWifiApClients());', notes: ['7 m'] },
    ],
  },
];
