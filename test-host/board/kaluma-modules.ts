// Kaluma's built-in modules as far as network programs need them: spi, gpio, storage, flash, fs, rp2's random numbers, and
// those of modules/. The others exist on a board but not here: requiring one says so.

import { argumentChecks } from './arguments.js';
import { createFlashModule } from './kaluma-flash.js';
import { createFsModule } from './kaluma-fs.js';
import { scriptModules, SCRIPT_MODULES } from './kaluma-script-modules.js';
import { createSpiModule } from './kaluma-spi.js';
import type { Machine } from './machine.js';
import type { Realm } from './realm.js';

/** What `require` knows on the `pico` build of Kaluma 1.2.1. */
export const BUILTIN_MODULES = (
  'events gpio led button pwm adc i2c spi uart graphics at storage wifi stream net http url rp2 rtc path flash fs ' +
  'vfs_lfs vfs_fat sdcard wdt startup'
).split(' ');

/** Those of them that the simulated board has. */
export const SIMULATED_MODULES = [...SCRIPT_MODULES, 'flash', 'fs', 'gpio', 'spi', 'storage'].sort();

const GPIO = `(function () {
  function GPIO(pin, mode) { this.pin = pin; this.setMode(mode >= INPUT && mode <= INPUT_PULLDOWN ? mode : INPUT); }
  var p = GPIO.prototype;
  p.read = function () { return digitalRead(this.pin); };
  p.write = function (value) { digitalWrite(this.pin, value); };
  p.toggle = function () { digitalToggle(this.pin); };
  p.low = function () { digitalWrite(this.pin, LOW); };
  p.high = function () { digitalWrite(this.pin, HIGH); };
  p.setMode = function (mode) { this.mode = typeof mode === 'number' ? mode : INPUT; pinMode(this.pin, this.mode); };
  p.irq = function (callback, events) {
    if (typeof callback !== 'function') throw new TypeError('callback must be a function');
    this.events = typeof events === 'number' ? events : CHANGE;
    attachInterrupt(this.pin, callback, this.events);
  };
  return { GPIO: GPIO };
})()`;

/** @returns Kaluma's `require` */
export function createRequire(realm: Realm, machine: Machine): (id: unknown) => unknown {
  const cache = new Map<string, unknown>();
  const script = scriptModules(realm, machine);
  const load = (id: string): unknown => {
    switch (id) {
      case 'flash':
        return createFlashModule(realm, machine);
      case 'fs':
        return createFsModule(realm, machine);
      case 'gpio':
        return realm.run(GPIO, 'gpio.js');
      case 'spi':
        return createSpiModule(realm, machine);
      case 'storage':
        return createStorage(realm, machine);
      case 'rp2':
        return Object.assign(script(id), createRp2(realm, machine));
    }
    if (SCRIPT_MODULES.includes(id)) return script(id);
    if (BUILTIN_MODULES.includes(id)) {
      throw new realm.Error(
        `Module "${id}" is not simulated (this board has ${SIMULATED_MODULES.join(', ')})`,
      );
    }
    throw new realm.Error('Failed to load module: ' + id);
  };
  return realm.fn((id: unknown) => {
    const name = String(id);
    if (!cache.has(name)) cache.set(name, load(name));
    return cache.get(name);
  }, 'require');
}

function createStorage(realm: Realm, machine: Machine): object {
  const check = argumentChecks(realm);
  const { storage } = machine;
  const module = realm.object({
    setItem: realm.fn((key: unknown, value: unknown) => {
      storage.set(check.string(key, 'key'), check.string(value, 'value'));
    }, 'setItem'),
    getItem: realm.fn((key: unknown) => storage.get(check.string(key, 'key')) ?? null, 'getItem'),
    removeItem: realm.fn((key: unknown) => void storage.delete(check.string(key, 'key')), 'removeItem'),
    clear: realm.fn(() => storage.clear(), 'clear'),
    key: realm.fn((index: unknown) => [...storage.keys()][check.number(index, 'index')] ?? null, 'key'),
  });
  Object.defineProperty(module, 'length', { get: () => storage.size });
  return module;
}

function createRp2(realm: Realm, machine: Machine): object {
  return realm.object({
    randomBigInt: realm.fn(() => {
      let n = 0n;
      for (let i = 0; i < 8; i++) n = (n << 16n) | BigInt(Math.floor(machine.random() * 65536));
      return n;
    }, 'randomBigInt'),
    TEMPERATURE_ADC: 30,
    dormant: realm.fn(() => {
      throw new realm.Error('rp2.dormant is not simulated');
    }, 'dormant'),
  });
}
