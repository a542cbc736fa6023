'use strict';

const http = require('http');
const https = require('https');

const ANSWER_BYTES_MAX = 64 << 10;

/** `PUT`s JSON. Its sockets never keep a program alive. */
class Transport {
  constructor(url, auth) {
    this.url = new URL(url);
    this.base = this.url.pathname.replace(/\/+$/, '');
    this.http = this.url.protocol === 'https:' ? https : http;
    this.agent = new this.http.Agent({ keepAlive: true, maxSockets: 1 });
    this.headers = { Authorization: `Bearer ${auth}`, 'Content-Type': 'application/json', 'User-Agent': 'dattss-nodejs' };
  }

  /** Always resolves: `status` is null when no answer came. */
  put(path, body, timeoutMilliseconds) {
    return new Promise((resolve) => {
      let timer;
      const finish = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      let request;
      try {
        request = this.http.request({
          protocol: this.url.protocol, hostname: this.url.hostname.replace(/^\[|\]$/g, ''), port: this.url.port,
          path: this.base + path, method: 'PUT', agent: this.agent, headers: { ...this.headers, 'Content-Length': body.length },
        });
      } catch (error) {
        return finish({ status: null, body: error.message });
      }
      timer = setTimeout(() => request.destroy(new Error(`none in ${timeoutMilliseconds} ms`)), timeoutMilliseconds);
      timer.unref();
      request.on('socket', (socket) => socket.unref());
      request.on('error', (error) => finish({ status: null, body: error.message }));
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
          if (text.length > ANSWER_BYTES_MAX) request.destroy(new Error('the answer is too long'));
        });
        response.on('error', (error) => finish({ status: null, body: error.message }));
        response.on('aborted', () => finish({ status: null, body: 'it was cut' }));
        response.on('end', () => {
          finish({ status: response.statusCode, retryAfter: Number(response.headers['retry-after']), body: text });
        });
      });
      request.end(body);
    });
  }
}

module.exports = { Transport };
